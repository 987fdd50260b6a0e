/**
 * A version of MQTT, as a program chooses it by an import and hands it over in the option `protocol`. Without that option a
 * client speaks 3.1.1, and nothing of another version is linked.
 */
export interface Protocol<Options, Settings, Core> {
	/**
	 * Makes the core of one client; asked once. Sizes of `settings` may be changed before the core takes its memory (that of
	 * CONNECT, `connectSize`). What a version does in its own way it overrides in a class derived from the core, and in those
	 * that its `makeParts` makes.
	 *
	 * in   options   as the application gave them; kept for its callbacks
	 *      settings  the same, checked
	 *      client    what callbacks get as their client
	 *      random    0 ≤ random() < 1
	 */
	makeCore(options: Options, settings: Settings, client: unknown, random: () => number): Core;
}
