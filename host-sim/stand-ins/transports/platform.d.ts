/** The manifest's `config`, as a program on a device imports it. */
declare module "mc/config" {
	const config: Readonly<Record<string, unknown>>;
	export default config;
}
