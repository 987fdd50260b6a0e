import { Random } from "../world/random.js";

/** Makes Math.random follow from a seed for everything in this process. Returns what puts the old one back. */
export function seedMathRandom(seed: number): () => void {
	const before = Math.random;
	const random = Random.derive(seed, -1);
	Math.random = () => random.fraction();
	return () => {
		Math.random = before;
	};
}
