/**
 * Posterior means of intensities and amplitudes under Wilson's law, for reflections whose measured intensity may be
 * negative. French & Wilson 1978, Acta Cryst. A34, 517. No tables and no cut: every mean is a ratio of the integrals
 * U_ν(h) = ∫ x^(ν−1) exp(−(x − h)²/2) dx over x > 0, which 48 Gauss–Legendre nodes in √x give to 3 · 10⁻¹¹.
 */

/** Nodes and weights on −1 … 1, by Newton's method on the Legendre polynomial. */
function gaussLegendre(n: number): { readonly nodes: Float64Array; readonly weights: Float64Array } {
  const [nodes, weights] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 0;
    for (let step = 0; step < 100; step++) {
      let [before, now] = [1, x];
      for (let k = 2; k <= n; k++) [before, now] = [now, ((2 * k - 1) * x * now - (k - 1) * before) / k];
      slope = (n * (x * now - before)) / (x * x - 1);
      const by = now / slope;
      x -= by;
      if (Math.abs(by) < 1e-15) break;
    }
    nodes[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}

const count = 48;
const { nodes, weights } = gaussLegendre(count);

/**
 * ln U of ν, ν + ½, ν + 1 and ν + 2 in `out`, which share the exponentials: those of intensities and amplitudes, with ν = ½ for
 * centric reflections and 1 for acentric ones.
 */
function lnIntegrals(h: number, isCentric: boolean, out: Float64Array): void {
  // Where the integrand has fallen to exp(−40) of its maximum.
  const top = h > 0 ? Math.sqrt(h + 9) : Math.min(3, 6.5 / Math.sqrt(Math.max(-h, 1e-9)));
  const low = h > 9 ? Math.sqrt(h - 9) : 0;
  const peak = h > 0 ? 0 : (-h * h) / 2;
  let [u, half, whole, two] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const t = low + ((top - low) * ((nodes[i] as number) + 1)) / 2;
    const x = t * t;
    const e = (weights[i] as number) * Math.exp(-((x - h) ** 2) / 2 - peak) * (isCentric ? 1 : t);
    u += e;
    half += e * t;
    whole += e * x;
    two += e * x * x;
  }
  for (const [n, sum] of [u, half, whole, two].entries()) out[n] = Math.log(sum * (top - low)) + peak;
}

/** Where the posterior mode is, in errors: the measured intensity less what the prior takes from it. */
const modeOf = (intensity: number, sigma: number, expected: number, isCentric: boolean): number =>
  (intensity - (sigma * sigma) / (isCentric ? 2 * expected : expected)) / sigma;

/** Posterior means of one reflection, and their standard deviations. */
export interface Posterior {
  readonly intensity: number;
  readonly intensitySigma: number;
  /** √intensity, on its scale. */
  readonly amplitude: number;
  readonly amplitudeSigma: number;
}

/** I/σ beyond which the expansion about the measured intensity is exact to 10⁻⁵. */
const strong = 40;
const work = new Float64Array(4);

/**
 * The posterior of an intensity with standard deviation `sigma` > 0, where `expected` > 0 is the mean intensity of its
 * resolution times ε.
 */
export function posterior(intensity: number, sigma: number, expected: number, isCentric: boolean): Posterior {
  if (intensity > strong * sigma && sigma < expected) {
    const shifted = intensity - (sigma * sigma) / (isCentric ? 2 * expected : expected);
    // The density of centric reflections falls with J^(−½), which moves the mean and widens it a little.
    const mean = isCentric ? shifted - (sigma * sigma) / (2 * shifted) : shifted;
    const relative = (sigma / mean) ** 2;
    const amplitude = Math.sqrt(mean) * (1 - relative / 8);
    const amplitudeSigma = (sigma / (2 * Math.sqrt(mean))) * (1 + ((isCentric ? 11 : 7) * relative) / 16);
    const intensitySigma = isCentric ? sigma * (1 + relative / 4) : sigma;
    return { intensity: mean, intensitySigma, amplitude, amplitudeSigma };
  }
  lnIntegrals(modeOf(intensity, sigma, expected, isCentric), isCentric, work);
  const ratio = (n: number): number => Math.exp((work[n] as number) - (work[0] as number));
  const [f, j, j2] = [ratio(1), ratio(2), ratio(3)];
  return {
    intensity: sigma * j,
    intensitySigma: sigma * Math.sqrt(Math.max(0, j2 - j * j)),
    amplitude: Math.sqrt(sigma) * f,
    amplitudeSigma: Math.sqrt(sigma) * Math.sqrt(Math.max(0, j - f * f)),
  };
}

/** ln of the density of a measured intensity: Wilson's law, convolved with its error. */
export function lnDensity(intensity: number, sigma: number, expected: number, isCentric: boolean): number {
  const h = modeOf(intensity, sigma, expected, isCentric);
  lnIntegrals(h, isCentric, work);
  const rest = (work[0] as number) - Math.log(2 * Math.PI) / 2 - (intensity / sigma) ** 2 / 2 + (h * h) / 2;
  return isCentric ? rest - Math.log(2 * Math.PI * expected) / 2 - Math.log(sigma) / 2 : rest - Math.log(expected);
}

/** Φ(−x), the share of a normal distribution beyond x. Abramowitz & Stegun 26.2 with a continued fraction in the tail. */
export function normalTail(x: number): number {
  if (x < 0) return 1 - normalTail(-x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x > 5) {
    let fraction = 0;
    for (let k = 40; k > 0; k--) fraction = k / (x + fraction);
    return density / (x + fraction);
  }
  let [term, sum] = [x, x];
  for (let k = 1; k < 200 && Math.abs(term) > 1e-17 * sum; k++) {
    term *= (x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 - density * sum;
}

/**
 * The chance of a measured intensity as large as this or larger, by Wilson's law with the error: what is improbable is an
 * outlier. Unlike a limit of E² alone it holds for weak data, too.
 */
export function tail(intensity: number, sigma: number, expected: number, isCentric: boolean): number {
  if (!isCentric) {
    if (!(sigma > 0)) return Math.exp(-Math.max(0, intensity) / expected);
    const [x, r] = [intensity / sigma, sigma / expected];
    const exponent = (r * r) / 2 - intensity / expected;
    return normalTail(x) + Math.exp(exponent) * normalTail(r - x);
  }
  // J = Σ z² of a normal z: the chance is the mean over z.
  const end = 10;
  let sum = 0;
  // Two pieces: the step of the error function at z = √(I/Σ) is sharp for strong reflections.
  const step = Math.min(end, Math.sqrt(Math.max(0, intensity) / expected));
  for (const [from, to] of [
    [0, step],
    [step, end],
  ] as const)
    for (let i = 0; i < count; i++) {
      const z = from + ((to - from) * ((nodes[i] as number) + 1)) / 2;
      const beyond =
        sigma > 0 ? normalTail((intensity - expected * z * z) / sigma) : Number(expected * z * z >= intensity);
      sum += ((to - from) / 2) * (weights[i] as number) * Math.exp((-z * z) / 2) * beyond;
    }
  return sum * Math.sqrt(2 / Math.PI);
}
