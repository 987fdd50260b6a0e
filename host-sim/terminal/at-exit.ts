/** What has to be done however this process ends by itself, process.exit() included. */
const actions = new Set<() => void>();

/**
 * Has `action` done when the process exits. It must do its work at once: nothing asynchronous happens any more then.
 *
 * out  takes it back
 */
export function atExit(action: () => void): () => void {
	if (actions.size === 0) process.on("exit", runAll);
	actions.add(action);
	return () => {
		actions.delete(action);
		if (actions.size === 0) process.off("exit", runAll);
	};
}

function runAll(): void {
	for (const action of actions) action();
}
