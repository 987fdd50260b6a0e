import { Layer, Problem, Reason, State, Status } from "../../../firmware/client/terms/codes.js";

function nameIn(constants: Readonly<Record<string, number>>, kind: string, value: number): string {
	return Object.keys(constants).find((name) => constants[name] === value) ?? `${kind} ${value}`;
}

/** Name of a Status, e.g. "INVALID_TOPIC". */
export function statusName(status: number): string {
	return nameIn(Status, "status", status);
}

/** Name of a Reason, e.g. "LINK_LOST". */
export function reasonName(code: number): string {
	return nameIn(Reason, "reason", code);
}

/** Name of a Layer, e.g. "TRANSPORT". */
export function layerName(layer: number): string {
	return nameIn(Layer, "layer", layer);
}

/** Name of a Problem, e.g. "MESSAGE_TOO_LARGE". */
export function problemName(problem: number): string {
	return nameIn(Problem, "problem", problem);
}

/** Name of a State, e.g. "CONNECTED". */
export function stateName(state: number): string {
	return nameIn(State, "state", state);
}
