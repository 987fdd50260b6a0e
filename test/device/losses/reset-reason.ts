/** Stand-in for the device's own word: power on. */
export default function resetReason(): number {
	return 1;
}
