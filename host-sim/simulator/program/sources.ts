/**
 * The text of a program's modules. TypeScript is compiled by the compiler that the program's own project has installed:
 * that is what compiles it for the device.
 */
import { readFileSync } from "node:fs";
import { createRequire, SourceMap, type SourceMapPayload } from "node:module";
import { dirname, extname } from "node:path";
import type * as TypeScript from "typescript";
import { ImportError } from "./resolve.js";

type Compiler = typeof TypeScript;

/** A place in a source file; lines and columns from 1. */
export interface Place {
	file: string;
	line: number;
	column: number;
}

export class ModuleSources {
	readonly #compilers = new Map<string, Compiler>();
	readonly #maps = new Map<string, SourceMap>();

	/**
	 * The JavaScript of a module.
	 *
	 * Throws ImportError when it cannot be read or compiled.
	 */
	read(file: string): string {
		let text: string;
		try {
			text = readFileSync(file, "utf8");
		} catch (error) {
			throw new ImportError(`${file} cannot be read: ${(error as Error).message}`);
		}
		return isTypeScript(file) ? this.#compile(file, text) : text;
	}

	/** Where in the source something is that the engine has seen in a compiled module. */
	original({ file, line, column }: Place): Place {
		const entry = this.#maps.get(file)?.findEntry(line - 1, column - 1);
		if (!entry || !("originalLine" in entry)) return { file, line, column };
		return { file, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
	}

	#compile(file: string, text: string): string {
		const ts = this.#compiler(file);
		const { outputText, sourceMapText, diagnostics } = ts.transpileModule(text, {
			fileName: file,
			reportDiagnostics: true,
			compilerOptions: {
				module: ts.ModuleKind.ESNext,
				// As mcconfig has it; XS has what is newer only in part.
				target: ts.ScriptTarget.ES2022,
				useDefineForClassFields: true,
				sourceMap: true,
			},
		});
		const [first] = diagnostics ?? [];
		if (first) {
			const line = first.file?.getLineAndCharacterOfPosition(first.start ?? 0).line ?? 0;
			const message = ts.flattenDiagnosticMessageText(first.messageText, " ");
			throw new ImportError(`SyntaxError: ${message} at ${file}:${line + 1}`);
		}
		if (sourceMapText !== undefined) this.#maps.set(file, new SourceMap(JSON.parse(sourceMapText) as SourceMapPayload));
		return outputText;
	}

	#compiler(file: string): Compiler {
		const folder = dirname(file);
		const known = this.#compilers.get(folder);
		if (known) return known;
		const require = createRequire(file);
		let compiler: Compiler;
		try {
			compiler = require("typescript") as Compiler;
		} catch {
			throw new ImportError(`${file} needs TypeScript, which its project has not: npm install --save-dev typescript`);
		}
		this.#compilers.set(folder, compiler);
		return compiler;
	}
}

/** Whether a module has to be compiled. */
export function isTypeScript(file: string): boolean {
	return [".ts", ".mts"].includes(extname(file));
}
