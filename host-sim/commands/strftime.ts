/** Dates as strftime(3) of the C locale writes them, one conversion at a time. */
import { wallClockMs } from "../world/real-clock.js";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
	"January",
	"February",
	"March",
	"April",
	"May",
	"June",
	"July",
	"August",
	"September",
	"October",
	"November",
	"December",
];

/** One moment, in the process's own time zone. */
export interface Moment {
	date: Date;
	/** Of the second, 0 … 999,999,999. */
	nanoseconds: number;
}

/** Now, to the microsecond. */
export function momentNow(): Moment {
	const ms = wallClockMs();
	const seconds = Math.floor(ms / 1000);
	const microseconds = Math.floor((ms - seconds * 1000) * 1000);
	return { date: new Date(seconds * 1000), nanoseconds: microseconds * 1000 };
}

function two(value: number, pad = "0"): string {
	return String(value).padStart(2, pad);
}

function dayOfYear(date: Date): number {
	const { year, month, day } = partsOf(date);
	return Math.round((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / 86_400_000);
}

/** Week of the year, the first one beginning with the first day of the week. in  weekday  days since that day */
function weekOf(date: Date, weekday: number): number {
	return Math.floor((dayOfYear(date) + 7 - weekday) / 7);
}

/** ISO 8601: the week's Thursday decides to which year it belongs. */
function isoWeek(date: Date): { year: number; week: number } {
	const { year, month, day } = partsOf(date);
	const thursday = new Date(Date.UTC(year, month, day + 3 - ((date.getDay() + 6) % 7)));
	const start = Date.UTC(thursday.getUTCFullYear(), 0, 1);
	return { year: thursday.getUTCFullYear(), week: 1 + Math.floor((thursday.getTime() - start) / 604_800_000) };
}

function partsOf(date: Date): { year: number; month: number; day: number } {
	return { year: date.getFullYear(), month: date.getMonth(), day: date.getDate() };
}

function offset(date: Date): string {
	const minutes = -date.getTimezoneOffset();
	const size = Math.abs(minutes);
	return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

/** Every region knows the short names of its own zones only. */
function zoneName(date: Date): string {
	let name = "";
	for (const locale of ["en-US", "en-GB", "en-AU", "en-IN"]) {
		const parts = new Intl.DateTimeFormat(locale, { timeZoneName: "short" }).formatToParts(date);
		name = parts.find((part) => part.type === "timeZoneName")?.value ?? "";
		if (/^[A-Z]+$/.test(name)) return name;
	}
	return name;
}

function hour12(date: Date): number {
	return date.getHours() % 12 || 12;
}

const CONVERSIONS: Readonly<Record<string, (date: Date) => string>> = {
	a: (date) => DAYS[date.getDay()]!.slice(0, 3),
	A: (date) => DAYS[date.getDay()]!,
	b: (date) => MONTHS[date.getMonth()]!.slice(0, 3),
	B: (date) => MONTHS[date.getMonth()]!,
	c: (date) => several("a b e T Y", date),
	C: (date) => two(Math.floor(date.getFullYear() / 100)),
	d: (date) => two(date.getDate()),
	D: (date) => several("m/d/y", date),
	e: (date) => two(date.getDate(), " "),
	F: (date) => several("Y-m-d", date),
	g: (date) => two(isoWeek(date).year % 100),
	G: (date) => String(isoWeek(date).year),
	h: (date) => MONTHS[date.getMonth()]!.slice(0, 3),
	H: (date) => two(date.getHours()),
	I: (date) => two(hour12(date)),
	j: (date) => String(dayOfYear(date) + 1).padStart(3, "0"),
	k: (date) => two(date.getHours(), " "),
	l: (date) => two(hour12(date), " "),
	m: (date) => two(date.getMonth() + 1),
	M: (date) => two(date.getMinutes()),
	n: () => "\n",
	p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
	P: (date) => (date.getHours() < 12 ? "am" : "pm"),
	r: (date) => several("I:M:S p", date),
	R: (date) => several("H:M", date),
	s: (date) => String(Math.floor(date.getTime() / 1000)),
	S: (date) => two(date.getSeconds()),
	t: () => "\t",
	T: (date) => several("H:M:S", date),
	u: (date) => String(date.getDay() || 7),
	U: (date) => two(weekOf(date, date.getDay())),
	V: (date) => two(isoWeek(date).week),
	w: (date) => String(date.getDay()),
	W: (date) => two(weekOf(date, (date.getDay() + 6) % 7)),
	x: (date) => several("m/d/y", date),
	X: (date) => several("H:M:S", date),
	y: (date) => two(date.getFullYear() % 100),
	Y: (date) => String(date.getFullYear()),
	z: offset,
	Z: zoneName,
	"%": () => "%",
};

/** Each letter is a conversion. */
function several(letters: string, date: Date): string {
	return letters.replace(/[A-Za-z]/g, (letter) => strftime(letter, date));
}

/** What `%` and one character stand for; what means nothing is written as it is. */
export function strftime(conversion: string, date: Date): string {
	const convert = Object.hasOwn(CONVERSIONS, conversion) ? CONVERSIONS[conversion] : undefined;
	return convert ? convert(date) : `%${conversion}`;
}
