export * from "xs-mqtt/transport/tcp";
