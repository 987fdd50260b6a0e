// @ts-nocheck
// Made by `npm run validator` from the schema in schema.ts; do not change it by hand.
"use strict";
export const validate = validate10;
export default validate10;
const schema11 = {"type":"object","additionalProperties":false,"properties":{"host":{"type":"string","minLength":1},"clientId":{"type":"string","maxLength":65535},"cleanSession":{"type":"boolean"},"userName":{"type":"string","maxLength":65535},"password":{"type":"string","maxLength":65535},"will":{"type":"object","required":["topic"],"additionalProperties":false,"properties":{"topic":{"type":"string","pattern":"^[^+#\\u0000]+$","maxLength":65535},"payload":{"type":"string","maxLength":65535},"qos":{"enum":[0,1,2]},"retain":{"type":"boolean"}}},"reconnect":{"type":"boolean"},"queueQoS0":{"type":"boolean"},"outboxFull":{"enum":["refuse","dropOldest","latestPerTopic"]},"tooLarge":{"enum":["acknowledge","refuse"]},"port":{"type":"integer","minimum":1,"maximum":65535},"keepAlive":{"type":"integer","minimum":0,"maximum":65535},"rxBuffer":{"type":"integer","minimum":64,"maximum":1048576},"readSize":{"type":"integer","minimum":16,"maximum":16384},"txBuffer":{"type":"integer","minimum":64,"maximum":1048576},"outbox":{"type":"integer","minimum":64,"maximum":1048576},"inflight":{"type":"integer","minimum":1,"maximum":65535},"incomingQoS2":{"type":"integer","minimum":1,"maximum":65535},"subscriptions":{"type":"integer","minimum":1,"maximum":1024},"filterBytes":{"type":"integer","minimum":1,"maximum":65535},"sources":{"type":"integer","minimum":0,"maximum":255},"views":{"type":"integer","minimum":1,"maximum":255},"packetLog":{"type":"integer","minimum":0,"maximum":4096},"credentialBytes":{"type":"integer","minimum":1,"maximum":65535},"maximumPacketSize":{"type":"integer","minimum":64,"maximum":268435460},"connectTimeoutMs":{"type":"integer","minimum":10,"maximum":604800000},"handshakeTimeoutMs":{"type":"integer","minimum":10,"maximum":604800000},"pingTimeoutMs":{"type":"integer","minimum":10,"maximum":604800000},"ackTimeoutMs":{"type":"integer","minimum":10,"maximum":604800000},"reconnectMinMs":{"type":"integer","minimum":1,"maximum":604800000},"reconnectMaxMs":{"type":"integer","minimum":1,"maximum":604800000},"stableMs":{"type":"integer","minimum":1,"maximum":604800000},"holdOffMs":{"type":"integer","minimum":1,"maximum":604800000},"resendsMax":{"type":"integer","minimum":0,"maximum":1000},"stopTimeoutMs":{"type":"integer","minimum":1,"maximum":604800000}}};
const func2 = Object.prototype.hasOwnProperty;
const pattern0 = new RegExp("^[^+#\\u0000]+$", "u");

function validate10(data, {instancePath="", parentData, parentDataProperty, rootData=data}={}){
let vErrors = null;
let errors = 0;
if(data && typeof data == "object" && !Array.isArray(data)){
for(const key0 in data){
if(!(func2.call(schema11.properties, key0))){
const err0 = {instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties",schema:false,parentSchema:schema11,data};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
}
if(data.host !== undefined){
let data0 = data.host;
if(typeof data0 === "string"){
if(data0.length < 1){
const err1 = {instancePath:instancePath+"/host",schemaPath:"#/properties/host/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",schema:1,parentSchema:schema11.properties.host,data:data0};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
}
}
else {
const err2 = {instancePath:instancePath+"/host",schemaPath:"#/properties/host/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.host.type,parentSchema:schema11.properties.host,data:data0};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
}
if(data.clientId !== undefined){
let data1 = data.clientId;
if(typeof data1 === "string"){
if(data1.length > 65535){
const err3 = {instancePath:instancePath+"/clientId",schemaPath:"#/properties/clientId/maxLength",keyword:"maxLength",params:{limit: 65535},message:"must NOT have more than 65535 characters",schema:65535,parentSchema:schema11.properties.clientId,data:data1};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
}
else {
const err4 = {instancePath:instancePath+"/clientId",schemaPath:"#/properties/clientId/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.clientId.type,parentSchema:schema11.properties.clientId,data:data1};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
if(data.cleanSession !== undefined){
let data2 = data.cleanSession;
if(typeof data2 !== "boolean"){
const err5 = {instancePath:instancePath+"/cleanSession",schemaPath:"#/properties/cleanSession/type",keyword:"type",params:{type: "boolean"},message:"must be boolean",schema:schema11.properties.cleanSession.type,parentSchema:schema11.properties.cleanSession,data:data2};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
if(data.userName !== undefined){
let data3 = data.userName;
if(typeof data3 === "string"){
if(data3.length > 65535){
const err6 = {instancePath:instancePath+"/userName",schemaPath:"#/properties/userName/maxLength",keyword:"maxLength",params:{limit: 65535},message:"must NOT have more than 65535 characters",schema:65535,parentSchema:schema11.properties.userName,data:data3};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
}
else {
const err7 = {instancePath:instancePath+"/userName",schemaPath:"#/properties/userName/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.userName.type,parentSchema:schema11.properties.userName,data:data3};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
}
if(data.password !== undefined){
let data4 = data.password;
if(typeof data4 === "string"){
if(data4.length > 65535){
const err8 = {instancePath:instancePath+"/password",schemaPath:"#/properties/password/maxLength",keyword:"maxLength",params:{limit: 65535},message:"must NOT have more than 65535 characters",schema:65535,parentSchema:schema11.properties.password,data:data4};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
else {
const err9 = {instancePath:instancePath+"/password",schemaPath:"#/properties/password/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.password.type,parentSchema:schema11.properties.password,data:data4};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
if(data.will !== undefined){
let data5 = data.will;
if(data5 && typeof data5 == "object" && !Array.isArray(data5)){
if(data5.topic === undefined){
const err10 = {instancePath:instancePath+"/will",schemaPath:"#/properties/will/required",keyword:"required",params:{missingProperty: "topic"},message:"must have required property '"+"topic"+"'",schema:schema11.properties.will.required,parentSchema:schema11.properties.will,data:data5};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
}
for(const key1 in data5){
if(!((((key1 === "topic") || (key1 === "payload")) || (key1 === "qos")) || (key1 === "retain"))){
const err11 = {instancePath:instancePath+"/will",schemaPath:"#/properties/will/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties",schema:false,parentSchema:schema11.properties.will,data:data5};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
}
if(data5.topic !== undefined){
let data6 = data5.topic;
if(typeof data6 === "string"){
if(data6.length > 65535){
const err12 = {instancePath:instancePath+"/will/topic",schemaPath:"#/properties/will/properties/topic/maxLength",keyword:"maxLength",params:{limit: 65535},message:"must NOT have more than 65535 characters",schema:65535,parentSchema:schema11.properties.will.properties.topic,data:data6};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
if(!pattern0.test(data6)){
const err13 = {instancePath:instancePath+"/will/topic",schemaPath:"#/properties/will/properties/topic/pattern",keyword:"pattern",params:{pattern: "^[^+#\\u0000]+$"},message:"must match pattern \""+"^[^+#\\u0000]+$"+"\"",schema:"^[^+#\\u0000]+$",parentSchema:schema11.properties.will.properties.topic,data:data6};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
else {
const err14 = {instancePath:instancePath+"/will/topic",schemaPath:"#/properties/will/properties/topic/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.will.properties.topic.type,parentSchema:schema11.properties.will.properties.topic,data:data6};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
if(data5.payload !== undefined){
let data7 = data5.payload;
if(typeof data7 === "string"){
if(data7.length > 65535){
const err15 = {instancePath:instancePath+"/will/payload",schemaPath:"#/properties/will/properties/payload/maxLength",keyword:"maxLength",params:{limit: 65535},message:"must NOT have more than 65535 characters",schema:65535,parentSchema:schema11.properties.will.properties.payload,data:data7};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
}
else {
const err16 = {instancePath:instancePath+"/will/payload",schemaPath:"#/properties/will/properties/payload/type",keyword:"type",params:{type: "string"},message:"must be string",schema:schema11.properties.will.properties.payload.type,parentSchema:schema11.properties.will.properties.payload,data:data7};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
}
if(data5.qos !== undefined){
let data8 = data5.qos;
if(!(((data8 === 0) || (data8 === 1)) || (data8 === 2))){
const err17 = {instancePath:instancePath+"/will/qos",schemaPath:"#/properties/will/properties/qos/enum",keyword:"enum",params:{allowedValues: schema11.properties.will.properties.qos.enum},message:"must be equal to one of the allowed values",schema:schema11.properties.will.properties.qos.enum,parentSchema:schema11.properties.will.properties.qos,data:data8};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
if(data5.retain !== undefined){
let data9 = data5.retain;
if(typeof data9 !== "boolean"){
const err18 = {instancePath:instancePath+"/will/retain",schemaPath:"#/properties/will/properties/retain/type",keyword:"type",params:{type: "boolean"},message:"must be boolean",schema:schema11.properties.will.properties.retain.type,parentSchema:schema11.properties.will.properties.retain,data:data9};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
}
else {
const err19 = {instancePath:instancePath+"/will",schemaPath:"#/properties/will/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema11.properties.will.type,parentSchema:schema11.properties.will,data:data5};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
}
}
if(data.reconnect !== undefined){
let data10 = data.reconnect;
if(typeof data10 !== "boolean"){
const err20 = {instancePath:instancePath+"/reconnect",schemaPath:"#/properties/reconnect/type",keyword:"type",params:{type: "boolean"},message:"must be boolean",schema:schema11.properties.reconnect.type,parentSchema:schema11.properties.reconnect,data:data10};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
}
if(data.queueQoS0 !== undefined){
let data11 = data.queueQoS0;
if(typeof data11 !== "boolean"){
const err21 = {instancePath:instancePath+"/queueQoS0",schemaPath:"#/properties/queueQoS0/type",keyword:"type",params:{type: "boolean"},message:"must be boolean",schema:schema11.properties.queueQoS0.type,parentSchema:schema11.properties.queueQoS0,data:data11};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
if(data.outboxFull !== undefined){
let data12 = data.outboxFull;
if(!(((data12 === "refuse") || (data12 === "dropOldest")) || (data12 === "latestPerTopic"))){
const err22 = {instancePath:instancePath+"/outboxFull",schemaPath:"#/properties/outboxFull/enum",keyword:"enum",params:{allowedValues: schema11.properties.outboxFull.enum},message:"must be equal to one of the allowed values",schema:schema11.properties.outboxFull.enum,parentSchema:schema11.properties.outboxFull,data:data12};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
if(data.tooLarge !== undefined){
let data13 = data.tooLarge;
if(!((data13 === "acknowledge") || (data13 === "refuse"))){
const err23 = {instancePath:instancePath+"/tooLarge",schemaPath:"#/properties/tooLarge/enum",keyword:"enum",params:{allowedValues: schema11.properties.tooLarge.enum},message:"must be equal to one of the allowed values",schema:schema11.properties.tooLarge.enum,parentSchema:schema11.properties.tooLarge,data:data13};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
if(data.port !== undefined){
let data14 = data.port;
if(!((typeof data14 == "number") && (!(data14 % 1) && !isNaN(data14)))){
const err24 = {instancePath:instancePath+"/port",schemaPath:"#/properties/port/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.port.type,parentSchema:schema11.properties.port,data:data14};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
if(typeof data14 == "number"){
if(data14 > 65535 || isNaN(data14)){
const err25 = {instancePath:instancePath+"/port",schemaPath:"#/properties/port/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535",schema:65535,parentSchema:schema11.properties.port,data:data14};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
if(data14 < 1 || isNaN(data14)){
const err26 = {instancePath:instancePath+"/port",schemaPath:"#/properties/port/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.port,data:data14};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
}
}
if(data.keepAlive !== undefined){
let data15 = data.keepAlive;
if(!((typeof data15 == "number") && (!(data15 % 1) && !isNaN(data15)))){
const err27 = {instancePath:instancePath+"/keepAlive",schemaPath:"#/properties/keepAlive/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.keepAlive.type,parentSchema:schema11.properties.keepAlive,data:data15};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
}
if(typeof data15 == "number"){
if(data15 > 65535 || isNaN(data15)){
const err28 = {instancePath:instancePath+"/keepAlive",schemaPath:"#/properties/keepAlive/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535",schema:65535,parentSchema:schema11.properties.keepAlive,data:data15};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
if(data15 < 0 || isNaN(data15)){
const err29 = {instancePath:instancePath+"/keepAlive",schemaPath:"#/properties/keepAlive/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0",schema:0,parentSchema:schema11.properties.keepAlive,data:data15};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
}
}
if(data.rxBuffer !== undefined){
let data16 = data.rxBuffer;
if(!((typeof data16 == "number") && (!(data16 % 1) && !isNaN(data16)))){
const err30 = {instancePath:instancePath+"/rxBuffer",schemaPath:"#/properties/rxBuffer/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.rxBuffer.type,parentSchema:schema11.properties.rxBuffer,data:data16};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
if(typeof data16 == "number"){
if(data16 > 1048576 || isNaN(data16)){
const err31 = {instancePath:instancePath+"/rxBuffer",schemaPath:"#/properties/rxBuffer/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576",schema:1048576,parentSchema:schema11.properties.rxBuffer,data:data16};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
if(data16 < 64 || isNaN(data16)){
const err32 = {instancePath:instancePath+"/rxBuffer",schemaPath:"#/properties/rxBuffer/minimum",keyword:"minimum",params:{comparison: ">=", limit: 64},message:"must be >= 64",schema:64,parentSchema:schema11.properties.rxBuffer,data:data16};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
}
}
if(data.readSize !== undefined){
let data17 = data.readSize;
if(!((typeof data17 == "number") && (!(data17 % 1) && !isNaN(data17)))){
const err33 = {instancePath:instancePath+"/readSize",schemaPath:"#/properties/readSize/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.readSize.type,parentSchema:schema11.properties.readSize,data:data17};
if(vErrors === null){
vErrors = [err33];
}
else {
vErrors.push(err33);
}
errors++;
}
if(typeof data17 == "number"){
if(data17 > 16384 || isNaN(data17)){
const err34 = {instancePath:instancePath+"/readSize",schemaPath:"#/properties/readSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 16384},message:"must be <= 16384",schema:16384,parentSchema:schema11.properties.readSize,data:data17};
if(vErrors === null){
vErrors = [err34];
}
else {
vErrors.push(err34);
}
errors++;
}
if(data17 < 16 || isNaN(data17)){
const err35 = {instancePath:instancePath+"/readSize",schemaPath:"#/properties/readSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 16},message:"must be >= 16",schema:16,parentSchema:schema11.properties.readSize,data:data17};
if(vErrors === null){
vErrors = [err35];
}
else {
vErrors.push(err35);
}
errors++;
}
}
}
if(data.txBuffer !== undefined){
let data18 = data.txBuffer;
if(!((typeof data18 == "number") && (!(data18 % 1) && !isNaN(data18)))){
const err36 = {instancePath:instancePath+"/txBuffer",schemaPath:"#/properties/txBuffer/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.txBuffer.type,parentSchema:schema11.properties.txBuffer,data:data18};
if(vErrors === null){
vErrors = [err36];
}
else {
vErrors.push(err36);
}
errors++;
}
if(typeof data18 == "number"){
if(data18 > 1048576 || isNaN(data18)){
const err37 = {instancePath:instancePath+"/txBuffer",schemaPath:"#/properties/txBuffer/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576",schema:1048576,parentSchema:schema11.properties.txBuffer,data:data18};
if(vErrors === null){
vErrors = [err37];
}
else {
vErrors.push(err37);
}
errors++;
}
if(data18 < 64 || isNaN(data18)){
const err38 = {instancePath:instancePath+"/txBuffer",schemaPath:"#/properties/txBuffer/minimum",keyword:"minimum",params:{comparison: ">=", limit: 64},message:"must be >= 64",schema:64,parentSchema:schema11.properties.txBuffer,data:data18};
if(vErrors === null){
vErrors = [err38];
}
else {
vErrors.push(err38);
}
errors++;
}
}
}
if(data.outbox !== undefined){
let data19 = data.outbox;
if(!((typeof data19 == "number") && (!(data19 % 1) && !isNaN(data19)))){
const err39 = {instancePath:instancePath+"/outbox",schemaPath:"#/properties/outbox/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.outbox.type,parentSchema:schema11.properties.outbox,data:data19};
if(vErrors === null){
vErrors = [err39];
}
else {
vErrors.push(err39);
}
errors++;
}
if(typeof data19 == "number"){
if(data19 > 1048576 || isNaN(data19)){
const err40 = {instancePath:instancePath+"/outbox",schemaPath:"#/properties/outbox/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1048576},message:"must be <= 1048576",schema:1048576,parentSchema:schema11.properties.outbox,data:data19};
if(vErrors === null){
vErrors = [err40];
}
else {
vErrors.push(err40);
}
errors++;
}
if(data19 < 64 || isNaN(data19)){
const err41 = {instancePath:instancePath+"/outbox",schemaPath:"#/properties/outbox/minimum",keyword:"minimum",params:{comparison: ">=", limit: 64},message:"must be >= 64",schema:64,parentSchema:schema11.properties.outbox,data:data19};
if(vErrors === null){
vErrors = [err41];
}
else {
vErrors.push(err41);
}
errors++;
}
}
}
if(data.inflight !== undefined){
let data20 = data.inflight;
if(!((typeof data20 == "number") && (!(data20 % 1) && !isNaN(data20)))){
const err42 = {instancePath:instancePath+"/inflight",schemaPath:"#/properties/inflight/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.inflight.type,parentSchema:schema11.properties.inflight,data:data20};
if(vErrors === null){
vErrors = [err42];
}
else {
vErrors.push(err42);
}
errors++;
}
if(typeof data20 == "number"){
if(data20 > 65535 || isNaN(data20)){
const err43 = {instancePath:instancePath+"/inflight",schemaPath:"#/properties/inflight/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535",schema:65535,parentSchema:schema11.properties.inflight,data:data20};
if(vErrors === null){
vErrors = [err43];
}
else {
vErrors.push(err43);
}
errors++;
}
if(data20 < 1 || isNaN(data20)){
const err44 = {instancePath:instancePath+"/inflight",schemaPath:"#/properties/inflight/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.inflight,data:data20};
if(vErrors === null){
vErrors = [err44];
}
else {
vErrors.push(err44);
}
errors++;
}
}
}
if(data.incomingQoS2 !== undefined){
let data21 = data.incomingQoS2;
if(!((typeof data21 == "number") && (!(data21 % 1) && !isNaN(data21)))){
const err45 = {instancePath:instancePath+"/incomingQoS2",schemaPath:"#/properties/incomingQoS2/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.incomingQoS2.type,parentSchema:schema11.properties.incomingQoS2,data:data21};
if(vErrors === null){
vErrors = [err45];
}
else {
vErrors.push(err45);
}
errors++;
}
if(typeof data21 == "number"){
if(data21 > 65535 || isNaN(data21)){
const err46 = {instancePath:instancePath+"/incomingQoS2",schemaPath:"#/properties/incomingQoS2/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535",schema:65535,parentSchema:schema11.properties.incomingQoS2,data:data21};
if(vErrors === null){
vErrors = [err46];
}
else {
vErrors.push(err46);
}
errors++;
}
if(data21 < 1 || isNaN(data21)){
const err47 = {instancePath:instancePath+"/incomingQoS2",schemaPath:"#/properties/incomingQoS2/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.incomingQoS2,data:data21};
if(vErrors === null){
vErrors = [err47];
}
else {
vErrors.push(err47);
}
errors++;
}
}
}
if(data.subscriptions !== undefined){
let data22 = data.subscriptions;
if(!((typeof data22 == "number") && (!(data22 % 1) && !isNaN(data22)))){
const err48 = {instancePath:instancePath+"/subscriptions",schemaPath:"#/properties/subscriptions/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.subscriptions.type,parentSchema:schema11.properties.subscriptions,data:data22};
if(vErrors === null){
vErrors = [err48];
}
else {
vErrors.push(err48);
}
errors++;
}
if(typeof data22 == "number"){
if(data22 > 1024 || isNaN(data22)){
const err49 = {instancePath:instancePath+"/subscriptions",schemaPath:"#/properties/subscriptions/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1024},message:"must be <= 1024",schema:1024,parentSchema:schema11.properties.subscriptions,data:data22};
if(vErrors === null){
vErrors = [err49];
}
else {
vErrors.push(err49);
}
errors++;
}
if(data22 < 1 || isNaN(data22)){
const err50 = {instancePath:instancePath+"/subscriptions",schemaPath:"#/properties/subscriptions/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.subscriptions,data:data22};
if(vErrors === null){
vErrors = [err50];
}
else {
vErrors.push(err50);
}
errors++;
}
}
}
if(data.filterBytes !== undefined){
let data23 = data.filterBytes;
if(!((typeof data23 == "number") && (!(data23 % 1) && !isNaN(data23)))){
const err51 = {instancePath:instancePath+"/filterBytes",schemaPath:"#/properties/filterBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.filterBytes.type,parentSchema:schema11.properties.filterBytes,data:data23};
if(vErrors === null){
vErrors = [err51];
}
else {
vErrors.push(err51);
}
errors++;
}
if(typeof data23 == "number"){
if(data23 > 65535 || isNaN(data23)){
const err52 = {instancePath:instancePath+"/filterBytes",schemaPath:"#/properties/filterBytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535",schema:65535,parentSchema:schema11.properties.filterBytes,data:data23};
if(vErrors === null){
vErrors = [err52];
}
else {
vErrors.push(err52);
}
errors++;
}
if(data23 < 1 || isNaN(data23)){
const err53 = {instancePath:instancePath+"/filterBytes",schemaPath:"#/properties/filterBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.filterBytes,data:data23};
if(vErrors === null){
vErrors = [err53];
}
else {
vErrors.push(err53);
}
errors++;
}
}
}
if(data.sources !== undefined){
let data24 = data.sources;
if(!((typeof data24 == "number") && (!(data24 % 1) && !isNaN(data24)))){
const err54 = {instancePath:instancePath+"/sources",schemaPath:"#/properties/sources/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.sources.type,parentSchema:schema11.properties.sources,data:data24};
if(vErrors === null){
vErrors = [err54];
}
else {
vErrors.push(err54);
}
errors++;
}
if(typeof data24 == "number"){
if(data24 > 255 || isNaN(data24)){
const err55 = {instancePath:instancePath+"/sources",schemaPath:"#/properties/sources/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255},message:"must be <= 255",schema:255,parentSchema:schema11.properties.sources,data:data24};
if(vErrors === null){
vErrors = [err55];
}
else {
vErrors.push(err55);
}
errors++;
}
if(data24 < 0 || isNaN(data24)){
const err56 = {instancePath:instancePath+"/sources",schemaPath:"#/properties/sources/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0",schema:0,parentSchema:schema11.properties.sources,data:data24};
if(vErrors === null){
vErrors = [err56];
}
else {
vErrors.push(err56);
}
errors++;
}
}
}
if(data.views !== undefined){
let data25 = data.views;
if(!((typeof data25 == "number") && (!(data25 % 1) && !isNaN(data25)))){
const err57 = {instancePath:instancePath+"/views",schemaPath:"#/properties/views/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.views.type,parentSchema:schema11.properties.views,data:data25};
if(vErrors === null){
vErrors = [err57];
}
else {
vErrors.push(err57);
}
errors++;
}
if(typeof data25 == "number"){
if(data25 > 255 || isNaN(data25)){
const err58 = {instancePath:instancePath+"/views",schemaPath:"#/properties/views/maximum",keyword:"maximum",params:{comparison: "<=", limit: 255},message:"must be <= 255",schema:255,parentSchema:schema11.properties.views,data:data25};
if(vErrors === null){
vErrors = [err58];
}
else {
vErrors.push(err58);
}
errors++;
}
if(data25 < 1 || isNaN(data25)){
const err59 = {instancePath:instancePath+"/views",schemaPath:"#/properties/views/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.views,data:data25};
if(vErrors === null){
vErrors = [err59];
}
else {
vErrors.push(err59);
}
errors++;
}
}
}
if(data.packetLog !== undefined){
let data26 = data.packetLog;
if(!((typeof data26 == "number") && (!(data26 % 1) && !isNaN(data26)))){
const err60 = {instancePath:instancePath+"/packetLog",schemaPath:"#/properties/packetLog/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.packetLog.type,parentSchema:schema11.properties.packetLog,data:data26};
if(vErrors === null){
vErrors = [err60];
}
else {
vErrors.push(err60);
}
errors++;
}
if(typeof data26 == "number"){
if(data26 > 4096 || isNaN(data26)){
const err61 = {instancePath:instancePath+"/packetLog",schemaPath:"#/properties/packetLog/maximum",keyword:"maximum",params:{comparison: "<=", limit: 4096},message:"must be <= 4096",schema:4096,parentSchema:schema11.properties.packetLog,data:data26};
if(vErrors === null){
vErrors = [err61];
}
else {
vErrors.push(err61);
}
errors++;
}
if(data26 < 0 || isNaN(data26)){
const err62 = {instancePath:instancePath+"/packetLog",schemaPath:"#/properties/packetLog/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0",schema:0,parentSchema:schema11.properties.packetLog,data:data26};
if(vErrors === null){
vErrors = [err62];
}
else {
vErrors.push(err62);
}
errors++;
}
}
}
if(data.credentialBytes !== undefined){
let data27 = data.credentialBytes;
if(!((typeof data27 == "number") && (!(data27 % 1) && !isNaN(data27)))){
const err63 = {instancePath:instancePath+"/credentialBytes",schemaPath:"#/properties/credentialBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.credentialBytes.type,parentSchema:schema11.properties.credentialBytes,data:data27};
if(vErrors === null){
vErrors = [err63];
}
else {
vErrors.push(err63);
}
errors++;
}
if(typeof data27 == "number"){
if(data27 > 65535 || isNaN(data27)){
const err64 = {instancePath:instancePath+"/credentialBytes",schemaPath:"#/properties/credentialBytes/maximum",keyword:"maximum",params:{comparison: "<=", limit: 65535},message:"must be <= 65535",schema:65535,parentSchema:schema11.properties.credentialBytes,data:data27};
if(vErrors === null){
vErrors = [err64];
}
else {
vErrors.push(err64);
}
errors++;
}
if(data27 < 1 || isNaN(data27)){
const err65 = {instancePath:instancePath+"/credentialBytes",schemaPath:"#/properties/credentialBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.credentialBytes,data:data27};
if(vErrors === null){
vErrors = [err65];
}
else {
vErrors.push(err65);
}
errors++;
}
}
}
if(data.maximumPacketSize !== undefined){
let data28 = data.maximumPacketSize;
if(!((typeof data28 == "number") && (!(data28 % 1) && !isNaN(data28)))){
const err66 = {instancePath:instancePath+"/maximumPacketSize",schemaPath:"#/properties/maximumPacketSize/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.maximumPacketSize.type,parentSchema:schema11.properties.maximumPacketSize,data:data28};
if(vErrors === null){
vErrors = [err66];
}
else {
vErrors.push(err66);
}
errors++;
}
if(typeof data28 == "number"){
if(data28 > 268435460 || isNaN(data28)){
const err67 = {instancePath:instancePath+"/maximumPacketSize",schemaPath:"#/properties/maximumPacketSize/maximum",keyword:"maximum",params:{comparison: "<=", limit: 268435460},message:"must be <= 268435460",schema:268435460,parentSchema:schema11.properties.maximumPacketSize,data:data28};
if(vErrors === null){
vErrors = [err67];
}
else {
vErrors.push(err67);
}
errors++;
}
if(data28 < 64 || isNaN(data28)){
const err68 = {instancePath:instancePath+"/maximumPacketSize",schemaPath:"#/properties/maximumPacketSize/minimum",keyword:"minimum",params:{comparison: ">=", limit: 64},message:"must be >= 64",schema:64,parentSchema:schema11.properties.maximumPacketSize,data:data28};
if(vErrors === null){
vErrors = [err68];
}
else {
vErrors.push(err68);
}
errors++;
}
}
}
if(data.connectTimeoutMs !== undefined){
let data29 = data.connectTimeoutMs;
if(!((typeof data29 == "number") && (!(data29 % 1) && !isNaN(data29)))){
const err69 = {instancePath:instancePath+"/connectTimeoutMs",schemaPath:"#/properties/connectTimeoutMs/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.connectTimeoutMs.type,parentSchema:schema11.properties.connectTimeoutMs,data:data29};
if(vErrors === null){
vErrors = [err69];
}
else {
vErrors.push(err69);
}
errors++;
}
if(typeof data29 == "number"){
if(data29 > 604800000 || isNaN(data29)){
const err70 = {instancePath:instancePath+"/connectTimeoutMs",schemaPath:"#/properties/connectTimeoutMs/maximum",keyword:"maximum",params:{comparison: "<=", limit: 604800000},message:"must be <= 604800000",schema:604800000,parentSchema:schema11.properties.connectTimeoutMs,data:data29};
if(vErrors === null){
vErrors = [err70];
}
else {
vErrors.push(err70);
}
errors++;
}
if(data29 < 10 || isNaN(data29)){
const err71 = {instancePath:instancePath+"/connectTimeoutMs",schemaPath:"#/properties/connectTimeoutMs/minimum",keyword:"minimum",params:{comparison: ">=", limit: 10},message:"must be >= 10",schema:10,parentSchema:schema11.properties.connectTimeoutMs,data:data29};
if(vErrors === null){
vErrors = [err71];
}
else {
vErrors.push(err71);
}
errors++;
}
}
}
if(data.handshakeTimeoutMs !== undefined){
let data30 = data.handshakeTimeoutMs;
if(!((typeof data30 == "number") && (!(data30 % 1) && !isNaN(data30)))){
const err72 = {instancePath:instancePath+"/handshakeTimeoutMs",schemaPath:"#/properties/handshakeTimeoutMs/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.handshakeTimeoutMs.type,parentSchema:schema11.properties.handshakeTimeoutMs,data:data30};
if(vErrors === null){
vErrors = [err72];
}
else {
vErrors.push(err72);
}
errors++;
}
if(typeof data30 == "number"){
if(data30 > 604800000 || isNaN(data30)){
const err73 = {instancePath:instancePath+"/handshakeTimeoutMs",schemaPath:"#/properties/handshakeTimeoutMs/maximum",keyword:"maximum",params:{comparison: "<=", limit: 604800000},message:"must be <= 604800000",schema:604800000,parentSchema:schema11.properties.handshakeTimeoutMs,data:data30};
if(vErrors === null){
vErrors = [err73];
}
else {
vErrors.push(err73);
}
errors++;
}
if(data30 < 10 || isNaN(data30)){
const err74 = {instancePath:instancePath+"/handshakeTimeoutMs",schemaPath:"#/properties/handshakeTimeoutMs/minimum",keyword:"minimum",params:{comparison: ">=", limit: 10},message:"must be >= 10",schema:10,parentSchema:schema11.properties.handshakeTimeoutMs,data:data30};
if(vErrors === null){
vErrors = [err74];
}
else {
vErrors.push(err74);
}
errors++;
}
}
}
if(data.pingTimeoutMs !== undefined){
let data31 = data.pingTimeoutMs;
if(!((typeof data31 == "number") && (!(data31 % 1) && !isNaN(data31)))){
const err75 = {instancePath:instancePath+"/pingTimeoutMs",schemaPath:"#/properties/pingTimeoutMs/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.pingTimeoutMs.type,parentSchema:schema11.properties.pingTimeoutMs,data:data31};
if(vErrors === null){
vErrors = [err75];
}
else {
vErrors.push(err75);
}
errors++;
}
if(typeof data31 == "number"){
if(data31 > 604800000 || isNaN(data31)){
const err76 = {instancePath:instancePath+"/pingTimeoutMs",schemaPath:"#/properties/pingTimeoutMs/maximum",keyword:"maximum",params:{comparison: "<=", limit: 604800000},message:"must be <= 604800000",schema:604800000,parentSchema:schema11.properties.pingTimeoutMs,data:data31};
if(vErrors === null){
vErrors = [err76];
}
else {
vErrors.push(err76);
}
errors++;
}
if(data31 < 10 || isNaN(data31)){
const err77 = {instancePath:instancePath+"/pingTimeoutMs",schemaPath:"#/properties/pingTimeoutMs/minimum",keyword:"minimum",params:{comparison: ">=", limit: 10},message:"must be >= 10",schema:10,parentSchema:schema11.properties.pingTimeoutMs,data:data31};
if(vErrors === null){
vErrors = [err77];
}
else {
vErrors.push(err77);
}
errors++;
}
}
}
if(data.ackTimeoutMs !== undefined){
let data32 = data.ackTimeoutMs;
if(!((typeof data32 == "number") && (!(data32 % 1) && !isNaN(data32)))){
const err78 = {instancePath:instancePath+"/ackTimeoutMs",schemaPath:"#/properties/ackTimeoutMs/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.ackTimeoutMs.type,parentSchema:schema11.properties.ackTimeoutMs,data:data32};
if(vErrors === null){
vErrors = [err78];
}
else {
vErrors.push(err78);
}
errors++;
}
if(typeof data32 == "number"){
if(data32 > 604800000 || isNaN(data32)){
const err79 = {instancePath:instancePath+"/ackTimeoutMs",schemaPath:"#/properties/ackTimeoutMs/maximum",keyword:"maximum",params:{comparison: "<=", limit: 604800000},message:"must be <= 604800000",schema:604800000,parentSchema:schema11.properties.ackTimeoutMs,data:data32};
if(vErrors === null){
vErrors = [err79];
}
else {
vErrors.push(err79);
}
errors++;
}
if(data32 < 10 || isNaN(data32)){
const err80 = {instancePath:instancePath+"/ackTimeoutMs",schemaPath:"#/properties/ackTimeoutMs/minimum",keyword:"minimum",params:{comparison: ">=", limit: 10},message:"must be >= 10",schema:10,parentSchema:schema11.properties.ackTimeoutMs,data:data32};
if(vErrors === null){
vErrors = [err80];
}
else {
vErrors.push(err80);
}
errors++;
}
}
}
if(data.reconnectMinMs !== undefined){
let data33 = data.reconnectMinMs;
if(!((typeof data33 == "number") && (!(data33 % 1) && !isNaN(data33)))){
const err81 = {instancePath:instancePath+"/reconnectMinMs",schemaPath:"#/properties/reconnectMinMs/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.reconnectMinMs.type,parentSchema:schema11.properties.reconnectMinMs,data:data33};
if(vErrors === null){
vErrors = [err81];
}
else {
vErrors.push(err81);
}
errors++;
}
if(typeof data33 == "number"){
if(data33 > 604800000 || isNaN(data33)){
const err82 = {instancePath:instancePath+"/reconnectMinMs",schemaPath:"#/properties/reconnectMinMs/maximum",keyword:"maximum",params:{comparison: "<=", limit: 604800000},message:"must be <= 604800000",schema:604800000,parentSchema:schema11.properties.reconnectMinMs,data:data33};
if(vErrors === null){
vErrors = [err82];
}
else {
vErrors.push(err82);
}
errors++;
}
if(data33 < 1 || isNaN(data33)){
const err83 = {instancePath:instancePath+"/reconnectMinMs",schemaPath:"#/properties/reconnectMinMs/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.reconnectMinMs,data:data33};
if(vErrors === null){
vErrors = [err83];
}
else {
vErrors.push(err83);
}
errors++;
}
}
}
if(data.reconnectMaxMs !== undefined){
let data34 = data.reconnectMaxMs;
if(!((typeof data34 == "number") && (!(data34 % 1) && !isNaN(data34)))){
const err84 = {instancePath:instancePath+"/reconnectMaxMs",schemaPath:"#/properties/reconnectMaxMs/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.reconnectMaxMs.type,parentSchema:schema11.properties.reconnectMaxMs,data:data34};
if(vErrors === null){
vErrors = [err84];
}
else {
vErrors.push(err84);
}
errors++;
}
if(typeof data34 == "number"){
if(data34 > 604800000 || isNaN(data34)){
const err85 = {instancePath:instancePath+"/reconnectMaxMs",schemaPath:"#/properties/reconnectMaxMs/maximum",keyword:"maximum",params:{comparison: "<=", limit: 604800000},message:"must be <= 604800000",schema:604800000,parentSchema:schema11.properties.reconnectMaxMs,data:data34};
if(vErrors === null){
vErrors = [err85];
}
else {
vErrors.push(err85);
}
errors++;
}
if(data34 < 1 || isNaN(data34)){
const err86 = {instancePath:instancePath+"/reconnectMaxMs",schemaPath:"#/properties/reconnectMaxMs/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.reconnectMaxMs,data:data34};
if(vErrors === null){
vErrors = [err86];
}
else {
vErrors.push(err86);
}
errors++;
}
}
}
if(data.stableMs !== undefined){
let data35 = data.stableMs;
if(!((typeof data35 == "number") && (!(data35 % 1) && !isNaN(data35)))){
const err87 = {instancePath:instancePath+"/stableMs",schemaPath:"#/properties/stableMs/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.stableMs.type,parentSchema:schema11.properties.stableMs,data:data35};
if(vErrors === null){
vErrors = [err87];
}
else {
vErrors.push(err87);
}
errors++;
}
if(typeof data35 == "number"){
if(data35 > 604800000 || isNaN(data35)){
const err88 = {instancePath:instancePath+"/stableMs",schemaPath:"#/properties/stableMs/maximum",keyword:"maximum",params:{comparison: "<=", limit: 604800000},message:"must be <= 604800000",schema:604800000,parentSchema:schema11.properties.stableMs,data:data35};
if(vErrors === null){
vErrors = [err88];
}
else {
vErrors.push(err88);
}
errors++;
}
if(data35 < 1 || isNaN(data35)){
const err89 = {instancePath:instancePath+"/stableMs",schemaPath:"#/properties/stableMs/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.stableMs,data:data35};
if(vErrors === null){
vErrors = [err89];
}
else {
vErrors.push(err89);
}
errors++;
}
}
}
if(data.holdOffMs !== undefined){
let data36 = data.holdOffMs;
if(!((typeof data36 == "number") && (!(data36 % 1) && !isNaN(data36)))){
const err90 = {instancePath:instancePath+"/holdOffMs",schemaPath:"#/properties/holdOffMs/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.holdOffMs.type,parentSchema:schema11.properties.holdOffMs,data:data36};
if(vErrors === null){
vErrors = [err90];
}
else {
vErrors.push(err90);
}
errors++;
}
if(typeof data36 == "number"){
if(data36 > 604800000 || isNaN(data36)){
const err91 = {instancePath:instancePath+"/holdOffMs",schemaPath:"#/properties/holdOffMs/maximum",keyword:"maximum",params:{comparison: "<=", limit: 604800000},message:"must be <= 604800000",schema:604800000,parentSchema:schema11.properties.holdOffMs,data:data36};
if(vErrors === null){
vErrors = [err91];
}
else {
vErrors.push(err91);
}
errors++;
}
if(data36 < 1 || isNaN(data36)){
const err92 = {instancePath:instancePath+"/holdOffMs",schemaPath:"#/properties/holdOffMs/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.holdOffMs,data:data36};
if(vErrors === null){
vErrors = [err92];
}
else {
vErrors.push(err92);
}
errors++;
}
}
}
if(data.resendsMax !== undefined){
let data37 = data.resendsMax;
if(!((typeof data37 == "number") && (!(data37 % 1) && !isNaN(data37)))){
const err93 = {instancePath:instancePath+"/resendsMax",schemaPath:"#/properties/resendsMax/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.resendsMax.type,parentSchema:schema11.properties.resendsMax,data:data37};
if(vErrors === null){
vErrors = [err93];
}
else {
vErrors.push(err93);
}
errors++;
}
if(typeof data37 == "number"){
if(data37 > 1000 || isNaN(data37)){
const err94 = {instancePath:instancePath+"/resendsMax",schemaPath:"#/properties/resendsMax/maximum",keyword:"maximum",params:{comparison: "<=", limit: 1000},message:"must be <= 1000",schema:1000,parentSchema:schema11.properties.resendsMax,data:data37};
if(vErrors === null){
vErrors = [err94];
}
else {
vErrors.push(err94);
}
errors++;
}
if(data37 < 0 || isNaN(data37)){
const err95 = {instancePath:instancePath+"/resendsMax",schemaPath:"#/properties/resendsMax/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0",schema:0,parentSchema:schema11.properties.resendsMax,data:data37};
if(vErrors === null){
vErrors = [err95];
}
else {
vErrors.push(err95);
}
errors++;
}
}
}
if(data.stopTimeoutMs !== undefined){
let data38 = data.stopTimeoutMs;
if(!((typeof data38 == "number") && (!(data38 % 1) && !isNaN(data38)))){
const err96 = {instancePath:instancePath+"/stopTimeoutMs",schemaPath:"#/properties/stopTimeoutMs/type",keyword:"type",params:{type: "integer"},message:"must be integer",schema:schema11.properties.stopTimeoutMs.type,parentSchema:schema11.properties.stopTimeoutMs,data:data38};
if(vErrors === null){
vErrors = [err96];
}
else {
vErrors.push(err96);
}
errors++;
}
if(typeof data38 == "number"){
if(data38 > 604800000 || isNaN(data38)){
const err97 = {instancePath:instancePath+"/stopTimeoutMs",schemaPath:"#/properties/stopTimeoutMs/maximum",keyword:"maximum",params:{comparison: "<=", limit: 604800000},message:"must be <= 604800000",schema:604800000,parentSchema:schema11.properties.stopTimeoutMs,data:data38};
if(vErrors === null){
vErrors = [err97];
}
else {
vErrors.push(err97);
}
errors++;
}
if(data38 < 1 || isNaN(data38)){
const err98 = {instancePath:instancePath+"/stopTimeoutMs",schemaPath:"#/properties/stopTimeoutMs/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1",schema:1,parentSchema:schema11.properties.stopTimeoutMs,data:data38};
if(vErrors === null){
vErrors = [err98];
}
else {
vErrors.push(err98);
}
errors++;
}
}
}
}
else {
const err99 = {instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object",schema:schema11.type,parentSchema:schema11,data};
if(vErrors === null){
vErrors = [err99];
}
else {
vErrors.push(err99);
}
errors++;
}
validate10.errors = vErrors;
return errors === 0;
}
