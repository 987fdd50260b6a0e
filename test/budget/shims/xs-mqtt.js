export * from "xs-mqtt/index";
