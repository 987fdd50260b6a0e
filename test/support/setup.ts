import { installGlobals } from "../../host-sim/stand-ins/node/globals.js";

// Firmware modules rely on the platform's globals; the workers of the test runner have Node's only.
installGlobals();
