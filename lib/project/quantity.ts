/** Kubernetes' quantities as numbers, wherever two of them are compared: 500m of 2, 128Mi of 1Gi, what is used of what is allowed. */

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** NaN for what is no quantity. Rounded to 15 digits, so that "1000m" and "1" are the same number. */
export function amountOf(quantity: string): number {
  const match = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(quantity.trim());
  if (!match) return Number.NaN;
  const [, digits, exponent, unit] = match;
  const factor = exponent === undefined ? factors[unit ?? ''] : 10 ** Number(exponent);
  return factor === undefined ? Number.NaN : Number((Number(digits) * factor).toPrecision(15));
}
