// One file has one name on the device; this gives the module the name that programs import.
export * from "xs-mqtt/esp32/wifi";
