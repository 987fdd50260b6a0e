import { MessageFormat } from "./format.js";
import { MessagePrinter, type Piece, type PrinterOptions } from "./printer.js";

/** Prints messages by a format. It may want the payload anywhere and more than once, so each is put together first. */
export class FormattedPrinter {
	readonly #assembler: MessagePrinter;
	readonly #format: MessageFormat;
	readonly #options: PrinterOptions;
	#parts: Uint8Array[] = [];
	#topicName = "";
	#piece: Piece | undefined;

	/**
	 * in   complain  called for a message that cannot be printed as asked
	 *
	 * Throws UsageError for a format that is none.
	 */
	constructor(options: PrinterOptions, format: string, pretty: boolean, complain: (text: string) => void) {
		this.#options = options;
		this.#format = new MessageFormat(format, pretty, complain);
		this.#assembler = new MessagePrinter({
			verbose: false,
			noEndOfLine: true,
			// The bytes are valid only now.
			out: (chunk) => void this.#parts.push(Buffer.from(chunk as Uint8Array)),
			completed: () => this.#print(),
			cut: (topicName, size, total) => {
				this.#parts = [];
				options.cut(topicName, size, total);
			},
		});
	}

	/** Takes one piece: as MessagePrinter.take. */
	take(piece: Piece, topicName: () => string, bytes: Uint8Array): void {
		this.#piece = piece;
		this.#assembler.take(piece, () => (this.#topicName = topicName()), bytes);
	}

	/** As MessagePrinter.hold. */
	hold(held: boolean): void {
		this.#assembler.hold(held);
	}

	/** No more will come: reports a message that is not complete. */
	end(): void {
		this.#assembler.end();
	}

	#print(): void {
		const { packetId, qos, retain } = this.#piece!;
		const payload = Buffer.concat(this.#parts);
		this.#parts = [];
		const line = this.#format.print({ topicName: this.#topicName, payload, packetId, qos, retain });
		this.#options.out(this.#options.noEndOfLine ? line : Buffer.concat([line, Buffer.from("\n")]));
		this.#options.completed();
	}
}
