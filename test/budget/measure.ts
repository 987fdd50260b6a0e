export * from "../../host-sim/bench/measure.js";
