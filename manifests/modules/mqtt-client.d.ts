// The name by which ECMA-419 knows the class; one file has one name on the device.
export { default } from "xs-mqtt/ecma419/client";
