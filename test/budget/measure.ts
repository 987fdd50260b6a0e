export * from "../../host-sim/proofs/bench/measure.js";
