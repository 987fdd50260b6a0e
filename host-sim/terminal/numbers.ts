import { InvalidArgumentError } from "commander";
import { LIMITS, type LimitName } from "../../firmware/client/terms/limits.js";
import { nearest } from "./nearest.js";

/** setTimeout cannot wait longer, in seconds. */
export const TIMEOUT_S_MAX = 2_147_483;

/** Parser of an option that takes a whole number; what it throws names the value and the limits. */
export function wholeNumber(min: number, max: number): (text: string) => number {
	return (text) => {
		if (!/^-?[0-9]+$/.test(text)) throw new InvalidArgumentError(`It must be a whole number, ${min} … ${max}.`);
		const value = Number(text);
		if (value < min) throw new InvalidArgumentError(`It is below the minimum of ${min}; ${min} … ${max}.`);
		if (value > max) throw new InvalidArgumentError(`It is above the maximum of ${max}; ${min} … ${max}.`);
		return value;
	};
}

/** Parser of a number that is also an option of `config.mqtt`, with the limits from there. */
export function limitedNumber(name: LimitName): (text: string) => number {
	return wholeNumber(LIMITS[name].min, LIMITS[name].max);
}

/** Numeric options of `config.mqtt` that a command line sets. */
export type Assignments = Partial<Record<LimitName, number>>;

/** Parser of `--set name=value`, which may be repeated: adds to what came before. */
export function assignment(text: string, before: Assignments = {}): Assignments {
	const [, name = "", value = ""] = /^([^=]*)=(.*)$/.exec(text) ?? [];
	if (name === "") throw new InvalidArgumentError("It must be name=value, e.g. outbox=4096.");
	if (!isLimitName(name)) {
		const guess = nearest(name, Object.keys(LIMITS));
		throw new InvalidArgumentError(`There is no option ${name}${guess ? `; did you mean ${guess}?` : "."}`);
	}
	return { ...before, [name]: limitedNumber(name)(value) };
}

function isLimitName(name: string): name is LimitName {
	return Object.hasOwn(LIMITS, name);
}
