// One file has one name on the device; this gives the module the name that programs import.
export { default, MQTTClient, type MQTTClientOptions } from "xs-mqtt/ecma419/client";
export type * from "../../dist/firmware/ecma419/options.js";
