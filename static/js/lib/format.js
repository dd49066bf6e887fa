/* Numbers and times for people. No state, so it may be loaded by any number of modules. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/** The language of the page, which need not be the browser's. */
const language = () => document.documentElement.lang || undefined;

/** A number as the page's language writes it, rounded to so many digits behind the point. */
export function number(value, digits = 0) {
  return value.toLocaleString(language(), { maximumFractionDigits: digits });
}

/** A place in a recording: 83.4 -> "1:23", 3723 -> "1:02:03". */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const pair = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${pair(minutes)}:${pair(whole % 60)}` : `${minutes}:${pair(whole % 60)}`;
}

/** Bytes in the units a file manager shows: 1,572,864 -> "1.5 MB". */
export function bytes(count) {
  const power = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** power;
  const maximumFractionDigits = value < 10 && power ? 1 : 0;
  return new Intl.NumberFormat(language(), { style: "unit", unit: UNITS[power], maximumFractionDigits }).format(value);
}

/** Fill "{name}" places of a sentence. */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}
