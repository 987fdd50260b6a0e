/**
 * SHA-1 (FIPS 180-4 §6.1), as the opening handshake wants it: there it shows that the other side speaks WebSocket, and
 * protects nothing. In place, because it takes nothing of the heap so.
 */

const enum Initial {
	H0 = 0x67452301,
	H1 = 0xefcdab89 | 0,
	H2 = 0x98badcfe | 0,
	H3 = 0x10325476,
	H4 = 0xc3d2e1f0 | 0,
}

/** Constants of the four times twenty rounds. */
const enum Round {
	K0 = 0x5a827999,
	K1 = 0x6ed9eba1,
	K2 = 0x8f1bbcdc | 0,
	K3 = 0xca62c1d6 | 0,
}

const enum Block {
	SIZE = 64,
	/** The bit behind the message, and its length in bits. */
	TRAILER = 9,
}

/**
 * Hashes a message in place: it, and what stands behind it up to the end of its last block, are overwritten. Hot: no allocation.
 *
 * in   view, words  the same buffer
 *      at           where the message starts: a multiple of 4
 *      size         its bytes; behind them there is room for 9 more, and up to the next multiple of 64
 * out  the digest: 20 bytes from `at`
 */
export function sha1(view: DataView, words: Int32Array, at: number, size: number): void {
	const end = at + ((size + Block.TRAILER + Block.SIZE - 1) & ~(Block.SIZE - 1));
	view.setUint8(at + size, 0x80);
	for (let i = at + size + 1; i < end - 4; i++) view.setUint8(i, 0);
	view.setInt32(end - 4, size * 8);
	let h0: number = Initial.H0;
	let h1: number = Initial.H1;
	let h2: number = Initial.H2;
	let h3: number = Initial.H3;
	let h4: number = Initial.H4;
	for (let block = at; block < end; block += Block.SIZE) {
		const first = block >> 2;
		// The block becomes the ring of its schedule.
		for (let i = 0; i < 16; i++) words[first + i] = view.getInt32(block + 4 * i);
		let a = h0;
		let b = h1;
		let c = h2;
		let d = h3;
		let e = h4;
		for (let t = 0; t < 80; t++) {
			const place = first + (t & 15);
			let word = words[place]!;
			if (t > 15) {
				word ^= words[first + ((t + 2) & 15)]! ^ words[first + ((t + 8) & 15)]! ^ words[first + ((t + 13) & 15)]!;
				words[place] = word = (word << 1) | (word >>> 31);
			}
			if (t < 40) word += t < 20 ? (d ^ (b & (c ^ d))) + Round.K0 : (b ^ c ^ d) + Round.K1;
			else word += t < 60 ? ((b & (c | d)) | (c & d)) + Round.K2 : (b ^ c ^ d) + Round.K3;
			word = (word + e + ((a << 5) | (a >>> 27))) | 0;
			e = d;
			d = c;
			c = (b << 30) | (b >>> 2);
			b = a;
			a = word;
		}
		h0 = (h0 + a) | 0;
		h1 = (h1 + b) | 0;
		h2 = (h2 + c) | 0;
		h3 = (h3 + d) | 0;
		h4 = (h4 + e) | 0;
	}
	view.setInt32(at, h0);
	view.setInt32(at + 4, h1);
	view.setInt32(at + 8, h2);
	view.setInt32(at + 12, h3);
	view.setInt32(at + 16, h4);
}
