// The name that programs import, for the engine of the simulator, which links the modules of the library one by one.
export * from "xs-mqtt/servers/servers";
