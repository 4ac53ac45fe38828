// Kubernetes quantities, as far as two of them are compared: 500m of 2, 128Mi of 1Gi.

const factors: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** NaN for what is no quantity. */
export function amountOf(quantity: string): number {
  const [, digits, unit] = /^([0-9]+(?:\.[0-9]+)?)([a-zA-Z]*)$/.exec(quantity) ?? [];
  const factor = factors[unit ?? ''];
  return digits === undefined || factor === undefined ? Number.NaN : Number(digits) * factor;
}
