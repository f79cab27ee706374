// Numbers and small words, as the report prints them: about three digits, a real minus sign.

export type Value = number | null;

export function number(value: Value | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1).replace(/-/g, "−");
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 3;
  return value.toFixed(digits).replace("-", "−");
}

// A number inside a sentence, without idle zeros.
export function say(value: Value | undefined): string {
  const text = number(value);
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

// What is all but gone is said to be gone: a course ends in numbers such as 1e-8.
export function settle(value: Value | undefined): string {
  return value !== null && value !== undefined && Math.abs(value) < 0.005 ? "0" : say(value);
}

export function month(value: Value | undefined): string {
  return value === null || value === undefined ? "later" : `month ${Math.round(value)}`;
}

export function months(value: number): string {
  const whole = Math.round(value);
  return `${String(whole).replace("-", "−")} ${Math.abs(whole) === 1 ? "month" : "months"}`;
}

export function listed(items: string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}

// F and M of the tables.
export function sex(letter: string): string {
  return letter === "F" ? "woman" : "man";
}

export function lower(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}

export function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60);
}
