/**
 * Scans with known truth, made without anything of the package: a coherent probe, a phase object in one or more
 * slices, and a detector that is turned, mirrored, stretched, shifted and partly covered. Atoms are sampled where they
 * are, so that positions need not fall on pixels.
 */

/** Uniform numbers below 1 from a seed (mulberry32). */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

function poisson(mean, random) {
  if (mean > 40) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const end = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > end; product *= random()) count++;
  return count;
}

/** Atoms of an object within `reach` of the origin: [y, x, phase, width]. */
function atomsOf(kind, reach, strength, random) {
  const atoms = [];
  const scattered = (count, width, low, high) => {
    for (let i = 0; i < count; i++) {
      const [y, x] = [(2 * random() - 1) * reach, (2 * random() - 1) * reach];
      atoms.push([y, x, strength * (low + (high - low) * random()), width]);
    }
  };
  if (['amorphous', 'wedge', 'foil'].includes(kind)) scattered(Math.round((4 * reach * reach) / 40), 2, 0.5, 1.5);
  if (kind === 'particles') scattered(14, 6, 3, 6);
  if (kind === 'crystal') {
    const turn = 2 * Math.PI * random();
    const [a, b] = [
      [9.3 * Math.cos(turn), 9.3 * Math.sin(turn)],
      [-11.7 * Math.sin(turn + 0.2), 11.7 * Math.cos(turn + 0.2)],
    ];
    const most = Math.ceil(reach / 7);
    for (let i = -most; i <= most; i++)
      for (let j = -most; j <= most; j++) {
        const [y, x] = [i * a[0] + j * b[0], i * a[1] + j * b[1]];
        if (Math.max(Math.abs(y), Math.abs(x)) < reach) atoms.push([y, x, strength * ((i + j) % 2 ? 1 : 0.6), 2]);
      }
  }
  return atoms;
}

/** The phase at the points (y, x) = p + S (row, column) of one pattern. */
function phaseOf(object, [py, px], [yy, yx, xx], n, out) {
  const h = n / 2;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const [y, x] = [py + yy * (i - h) + yx * (j - h), px + yx * (i - h) + xx * (j - h)];
      let value = object.slope * x;
      if (object.fringes) value += object.strength * Math.cos(0.7 * (y * object.fringes[0] + x * object.fringes[1]));
      out[i * n + j] = value;
    }
  for (const [ay, ax, phase, width] of object.atoms) {
    const [dy, dx] = [ay - py, ax - px];
    const reach = 4 * width;
    if (Math.abs(dy) > 0.6 * n + reach || Math.abs(dx) > 0.6 * n + reach) continue;
    const span = (d) => [Math.max(0, Math.floor(h + d - 1.1 * reach)), Math.min(n - 1, Math.ceil(h + d + 1.1 * reach))];
    const [[i0, i1], [j0, j1]] = [span(dy), span(dx)];
    for (let i = i0; i <= i1; i++)
      for (let j = j0; j <= j1; j++) {
        const y = yy * (i - h) + yx * (j - h) - dy;
        const x = yx * (i - h) + xx * (j - h) - dx;
        out[i * n + j] += phase * Math.exp(-(y * y + x * x) / (2 * width * width));
      }
  }
  // A foil ends there, and has a phase of its own.
  if (object.foil)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const [y, x] = [py + yy * (i - h) + yx * (j - h), px + yx * (i - h) + xx * (j - h)];
        const share = 1 / (1 + Math.exp(-(x + 0.3 * y) / 3));
        out[i * n + j] = share * (out[i * n + j] + object.foil);
      }
}

/** Transforms a line of n complex numbers, frequency and place 0 at n / 2, with exp(i sign 2π q r / n). In place. */
function lineTransformer(n) {
  const [c, s] = [new Float64Array(n), new Float64Array(n)];
  for (let q = 0; q < n; q++) [c[q], s[q]] = [Math.cos((2 * Math.PI * q) / n), Math.sin((2 * Math.PI * q) / n)];
  const h = n / 2;
  const [outRe, outIm] = [new Float64Array(n), new Float64Array(n)];
  // Numbers one by one: V8 does not optimise pairs in a function that is made again, and they take seven times as long.
  if (n & (n - 1))
    return (re, im, sign) => {
      for (let q = 0; q < n; q++) {
        let sumRe = 0;
        let sumIm = 0;
        // (q - h) (r - h) modulo n
        const step = (q + n - h) % n;
        let at = (step * (n - h)) % n;
        for (let r = 0; r < n; r++, at = at + step < n ? at + step : at + step - n) {
          const wr = c[at];
          const wi = sign * s[at];
          sumRe += re[r] * wr - im[r] * wi;
          sumIm += re[r] * wi + im[r] * wr;
        }
        outRe[q] = sumRe;
        outIm[q] = sumIm;
      }
      re.set(outRe);
      im.set(outIm);
    };
  const bits = Math.log2(n);
  const reversed = Array.from({ length: n }, (_, i) => {
    let [from, to] = [i, 0];
    for (let k = 0; k < bits; k++, from >>= 1) to = 2 * to + (from & 1);
    return to;
  });
  // Cooley & Tukey; the origin in the middle changes every second sign before and after.
  return (re, im, sign) => {
    for (let i = 0; i < n; i++) {
      const from = reversed[i];
      const flip = from & 1 ? -1 : 1;
      outRe[i] = flip * re[from];
      outIm[i] = flip * im[from];
    }
    for (let half = 1; half < n; half *= 2)
      for (let start = 0; start < n; start += 2 * half)
        for (let k = 0; k < half; k++) {
          const wr = c[(k * h) / half];
          const wi = sign * s[(k * h) / half];
          const a = start + k;
          const b = a + half;
          const tr = outRe[b] * wr - outIm[b] * wi;
          const ti = outRe[b] * wi + outIm[b] * wr;
          outRe[b] = outRe[a] - tr;
          outIm[b] = outIm[a] - ti;
          outRe[a] += tr;
          outIm[a] += ti;
        }
    for (let q = 0; q < n; q++) {
      const flip = (q + h) & 1 ? -1 : 1;
      re[q] = flip * outRe[q];
      im[q] = flip * outIm[q];
    }
  };
}

/** The transform of n × n complex numbers, frequency 0 at n / 2; `sign` 1 is the inverse, times n². In place. */
function transformer(n) {
  const line = lineTransformer(n);
  const [lineRe, lineIm] = [new Float64Array(n), new Float64Array(n)];
  return (re, im, sign) => {
    for (const [step, stride] of [
      [1, n],
      [n, 1],
    ])
      for (let k = 0; k < n; k++) {
        for (let r = 0, at = k * stride; r < n; r++, at += step) {
          lineRe[r] = re[at];
          lineIm[r] = im[at];
        }
        line(lineRe, lineIm, sign);
        for (let q = 0, at = k * stride; q < n; q++, at += step) {
          re[at] = lineRe[q];
          im[at] = lineIm[q];
        }
      }
  };
}

/** yy, yx, xx of a detector stretched by 1 + e / 2 along `angle` degrees (from x to y) and by 1 − e / 2 across. */
function stretchOf(e, angle) {
  const [c, s] = [Math.cos((2 * angle * Math.PI) / 180), Math.sin((2 * angle * Math.PI) / 180)];
  return [1 - (e / 2) * c, (e / 2) * s, 1 + (e / 2) * c];
}

/** Multiplies a complex number of an array. */
function times(re, im, k, a, b) {
  [re[k], im[k]] = [re[k] * a - im[k] * b, re[k] * b + im[k] * a];
}

/** Dead, hot and covered pixels, written into the frames. */
function spoil(frames, positions, n, { gaps, stop, stopAngle, hot, dead, dose }, random) {
  const covered = new Uint8Array(n * n);
  for (let y = 0; y < n; y++)
    for (let x = 0; x < n; x++) {
      const inGap = (x >= n / 2 + 5 && x < n / 2 + 8) || (y >= n / 2 - 7 && y < n / 2 - 5);
      // From the edge of the frame at an angle from x to y, past the middle.
      const [c, sn] = [Math.cos((stopAngle * Math.PI) / 180), Math.sin((stopAngle * Math.PI) / 180)];
      const [v, u] = [y - n / 2, x - n / 2];
      const inStop = Math.abs(v * c - u * sn) <= 2.05 && u * c + v * sn < 4;
      if ((gaps && inGap) || (stop && inStop)) covered[y * n + x] = 1;
    }
  const spots = Array.from({ length: hot + dead }, () => Math.floor(random() * n * n));
  for (let i = 0; i < positions; i++) {
    const frame = frames.subarray(i * n * n, (i + 1) * n * n);
    for (let k = 0; k < frame.length; k++) if (covered[k]) frame[k] = 0;
    for (const [k, at] of spots.entries()) frame[at] = k < hot ? frame[at] + poisson(60 * dose + 20, random) : 0;
  }
  return { covered, hot: spots.slice(0, hot), dead: spots.slice(hot) };
}

/**
 * Frames [rows, columns, n, n] as floats of whole numbers, and the truth about them. `dose`: mean electrons a pixel.
 * `descan(u, v)`: shift (y, x) in pixels for positions from −1 to 1. `ellipse`: [e, degrees from x to y]. `step`: in
 * pixels of the object, of which the probe has about 0.6 n / radius. `slices` share the phase of the
 * object; `edge` is the width of that of the disk in pixels. Atoms are at most `within` pixels of the object from its
 * middle.
 */
export function simulatedScan(options) {
  const { kind = 'amorphous', rows = 24, columns = 24, n = 48, radius = 10, seed = 1, strength = 0.3 } = options;
  const { rotation = 0, flipY = false, centre = [0, 0], ellipse = [0, 0], dose = 10, defocus = 0 } = options;
  const { step = 1.25 * ((13 * n) / 64 / radius), descan = () => [0, 0] } = options;
  const { gaps = false, stop = false, stopAngle = 0, hot = 0, dead = 0 } = options;
  const { slices = 1, edge = 3, inner = 2, within = Number.POSITIVE_INFINITY } = options;
  const random = uniform(seed);
  const reach = (Math.hypot(rows, columns) * step) / 2 + 0.7 * n;
  const turn = 2 * Math.PI * random();
  const share = strength / slices;
  const objects = Array.from({ length: slices }, () => ({
    atoms: atomsOf(kind, reach, share, random).filter(([y, x]) => Math.hypot(y, x) < within),
    strength: share,
    slope: kind === 'wedge' ? 0.04 : 0,
    foil: kind === 'foil' ? inner * share : 0,
    fringes: kind === 'fringes' && [Math.cos(turn), Math.sin(turn)],
  }));
  const [yy, yx, xx] = stretchOf(...ellipse);
  const determinant = yy * xx - yx * yx;
  const transform = transformer(n);
  const h = n / 2;
  // The probe: the inverse transform of the aperture as the detector shows it.
  const [probeRe, probeIm] = [new Float64Array(n * n), new Float64Array(n * n)];
  // Fresnel's propagation from slice to slice: a turn at the edge of the aperture.
  const [farRe, farIm] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const [ky, kx] = [(xx * (i - h) - yx * (j - h)) / determinant, (yy * (j - h) - yx * (i - h)) / determinant];
      const k = Math.hypot(ky, kx);
      // An edge of less than three pixels rings between pixels. Half of the intensity is at the radius.
      const amplitude = Math.sin((Math.PI / 2 / edge) * Math.min(edge, Math.max(0, radius + edge / 2 - k)));
      const phase = -Math.PI * defocus * (k / radius) ** 2;
      probeRe[i * n + j] = amplitude * Math.cos(phase);
      probeIm[i * n + j] = amplitude * Math.sin(phase);
      farRe[i * n + j] = Math.cos((Math.PI * k * k) / radius ** 2) / (n * n);
      farIm[i * n + j] = -Math.sin((Math.PI * k * k) / radius ** 2) / (n * n);
    }
  transform(probeRe, probeIm, 1);
  const [c, s] = [Math.cos((rotation * Math.PI) / 180), Math.sin((rotation * Math.PI) / 180)];
  const frames = new Float64Array(rows * columns * n * n);
  const shifts = new Float64Array(2 * rows * columns);
  const [phases, seen] = [new Float64Array(rows * columns), new Float64Array(rows * columns)];
  const fields = new Float64Array(2 * rows * columns);
  const density = probeRe.reduce((sum, value, k) => sum + value ** 2 + probeIm[k] ** 2, 0);
  const [phase, re, im] = [new Float64Array(n * n), new Float64Array(n * n), new Float64Array(n * n)];
  let total = 0;
  for (let i = 0; i < rows * columns; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [vy, vx] = [(row - (rows - 1) / 2) * step, (column - (columns - 1) / 2) * step];
    // The transpose of what turns shifts on the detector into axes of the scan.
    const position = [(flipY ? -1 : 1) * (c * vy - s * vx), s * vy + c * vx];
    const moved = descan((2 * row) / (rows - 1) - 1, (2 * column) / (columns - 1) - 1);
    const [dy, dx] = [centre[0] + moved[0], centre[1] + moved[1]];
    shifts.set([dy, dx], 2 * i);
    re.set(probeRe);
    im.set(probeIm);
    for (const [slice, object] of objects.entries()) {
      phaseOf(object, position, [yy, yx, xx], n, phase);
      phases[i] += phase[h * n + h];
      for (let k = 0; k < n * n; k++) seen[i] += ((probeRe[k] ** 2 + probeIm[k] ** 2) / density) * phase[k];
      if (slice === slices - 1)
        for (let k = 0; k < n * n; k++)
          phase[k] += (2 * Math.PI * (dy * (Math.floor(k / n) - h) + dx * ((k % n) - h))) / n;
      for (let k = 0; k < n * n; k++) times(re, im, k, Math.cos(phase[k]), Math.sin(phase[k]));
      if (slice === slices - 1) break;
      transform(re, im, -1);
      for (let k = 0; k < n * n; k++) times(re, im, k, farRe[k], farIm[k]);
      transform(re, im, 1);
    }
    transform(re, im, -1);
    let [sum, sumY, sumX] = [0, 0, 0];
    for (let k = 0; k < n * n; k++) {
      const value = re[k] * re[k] + im[k] * im[k];
      frames[i * n * n + k] = value;
      sum += value;
      sumY += value * (Math.floor(k / n) - h - dy);
      sumX += value * ((k % n) - h - dx);
    }
    total += sum;
    const [y, x] = [((flipY ? -1 : 1) * sumY) / sum, sumX / sum];
    fields.set([c * y + s * x, c * x - s * y], 2 * i);
  }
  const scale = (dose * frames.length) / total;
  for (let k = 0; k < frames.length; k++) frames[k] = poisson(frames[k] * scale, random);
  const spoilt = spoil(frames, rows * columns, n, { gaps, stop, stopAngle, hot, dead, dose }, random);
  const mean = (part) => shifts.filter((_, i) => i % 2 === part).reduce((a, b) => a + b, 0) / (rows * columns);
  return {
    frames: Float32Array.from(frames),
    shape: { rows, columns, n },
    truth: {
      ...spoilt,
      cy: h + mean(0),
      cx: h + mean(1),
      radius,
      e1: (ellipse[0] / 2) * Math.cos((ellipse[1] * Math.PI) / 90),
      e2: (ellipse[0] / 2) * Math.sin((ellipse[1] * Math.PI) / 90),
      rotation,
      flipY,
      shifts,
      phases,
      seen,
      fields,
    },
  };
}

/** One of the scans of a survey: a random object, beam, dose, descan and detector. */
export function drawnScan(seed) {
  const random = uniform(seed * 7919);
  for (let i = 0; i < 9; i++) random();
  const signed = () => 2 * random() - 1;
  const radius = 7 + 5 * random();
  const [plane, square] = [
    Array.from({ length: 4 }, () => 1.2 * signed()),
    Array.from({ length: 6 }, () => 0.8 * signed()),
  ];
  const order = seed % 3;
  const descan = (u, v) => {
    const part = (k) =>
      (order > 0 ? plane[2 * k] * u + plane[2 * k + 1] * v : 0) +
      (order > 1 ? square[3 * k] * u * u + square[3 * k + 1] * u * v + square[3 * k + 2] * v * v : 0);
    return [part(0), part(1)];
  };
  return {
    kind: ['amorphous', 'crystal', 'empty', 'amorphous', 'crystal'][seed % 5],
    seed,
    radius,
    centre: [4 * signed(), 4 * signed()],
    dose: 10 ** (-1 + 2.3 * random()),
    strength: 0.1 + 0.3 * random(),
    ellipse: [seed % 2 ? 0.02 : 0, 180 * random()],
    defocus: seed % 4 ? 0 : 1,
    rotation: 180 * signed(),
    flipY: random() > 0.5,
    descan,
    gaps: seed % 7 === 3,
    stop: seed % 7 === 5,
    hot: seed % 4 === 1 ? 4 : 0,
    dead: seed % 4 === 1 ? 4 : 0,
  };
}

/** A coefficient of the polynomial of the shifts over a scan; the terms are orthogonal. */
function coefficientOf(shifts, [rows, columns], k, part) {
  const square = (n) => (n + 1) / (3 * (n - 1));
  let [sum, norm] = [0, 0];
  for (let i = 0; i < rows * columns; i++) {
    const [u, v] = [(2 * Math.floor(i / columns)) / (rows - 1) - 1, (2 * (i % columns)) / (columns - 1) - 1];
    const term = [1, u, v, u * u - square(rows), u * v, v * v - square(columns)][k];
    sum += term * shifts[2 * i + part];
    norm += term * term;
  }
  return sum / norm;
}

/** What kinds of scans of a survey have beside object, beam, dose and rotation. */
export const surveyKinds = {
  plain: () => ({}),
  gap: () => ({ gaps: true, hot: 3, dead: 3 }),
  stop: (random) => ({ stop: true, stopAngle: 360 * random() }),
  noisy: (random) => ({ dose: 0.05 * 6 ** random() }),
  bright: (random) => ({ dose: 10 ** (2 + 2 * random()) }),
  drift: (_, { descan }) => ({ descan }),
  ellipse: (random) => ({ ellipse: [0.01 + 0.02 * random(), 180 * random()] }),
  thick: (random) => ({ slices: 2, strength: 0.3 + 0.5 * random() }),
  particles: () => ({ kind: 'particles' }),
  large: () => ({ n: 128, rows: 20, columns: 20 }),
  largest: () => ({ n: 256, rows: 16, columns: 16 }),
};

/** A scan of a kind, in frames of a power of two. */
export function surveyed(kind, seed) {
  const place = Object.keys(surveyKinds).indexOf(kind);
  // The third order of descan of each draw, so that a drift is a parabola.
  const own = 97 * seed + place;
  const drawn = drawnScan(3 * own + 2);
  const random = uniform(own * 104729);
  const texture = ['amorphous', 'crystal'][(seed + place) % 2];
  const usual = { kind: texture, descan: undefined, gaps: false, stop: false, hot: 0, dead: 0, ellipse: [0, 0] };
  const dose = 10 ** (-0.3 + 2 * random());
  const edge = 2.7 + random();
  const size = { n: 64, rows: 30, columns: 30 };
  const made = { ...drawn, ...usual, ...size, seed: own, dose, ...surveyKinds[kind](random, drawn) };
  const scale = made.n / 64;
  const radius = drawn.radius * 1.2 * scale;
  const step = (1 + random()) * ((13 * made.n) / 64 / radius);
  return { ...made, edge: edge * scale, radius, step };
}

/** Differences of a calibration from the truth in units of its errors, and wrong claims. */
export function deviations({ centre, disk, ellipse, descan, rotation, badPixels, shape }, truth) {
  const z = {};
  const wrong = [];
  const moves = truth.shifts.some((shift, i) => shift !== truth.shifts[i % 2]);
  if (descan.order > 0 && !moves) wrong.push(`descan of order ${descan.order}`);
  if (!descan.refused)
    for (const [k, one] of descan.coefficients.entries())
      for (const part of k === 0 ? [] : [0, 1])
        z[`descan${k}${'yx'[part]}`] =
          (one[part] - coefficientOf(truth.shifts, shape, k, part)) / descan.errors[k][part];
  if (!centre.refused) {
    z.cy = (centre.cy - truth.cy) / centre.errors[0];
    z.cx = (centre.cx - truth.cx) / centre.errors[1];
    z.radius = (disk.radius - truth.radius) / disk.error;
    z.e1 = (ellipse.e1 - truth.e1) / ellipse.errors[0];
    z.e2 = (ellipse.e2 - truth.e2) / ellipse.errors[1];
    const off = Math.hypot(centre.cy - truth.cy, centre.cx - truth.cx);
    if (off > 0.5) wrong.push(`centre off by ${off}`);
  }
  if (!rotation.refused) {
    const off = rotation.scanRotation - truth.rotation;
    const half = off - 180 * Math.round(off / 180);
    z.rotation = half / rotation.error;
    if (rotation.flipY !== truth.flipY) wrong.push('flip');
    if (rotation.halfTurn === 'assumed' && Math.abs(off - 360 * Math.round(off / 360)) > 90) wrong.push('half turn');
  }
  const n = Math.sqrt(truth.covered.length);
  const beside = ([y, x]) => truth.covered[y * n + x] === 1;
  for (const pixel of badPixels.dead)
    if (!truth.dead.includes(pixel[0] * n + pixel[1]) && !beside(pixel)) wrong.push(`dead ${pixel}`);
  // What leaves the periodic frames of the simulation at one edge is added at the other.
  const isAtEdge = (pixel) => pixel.some((at) => at === 0 || at === n - 1);
  for (const pixel of badPixels.hot)
    if (!isAtEdge(pixel) && !truth.hot.includes(pixel[0] * n + pixel[1])) wrong.push(`hot ${pixel}`);
  return { z, wrong };
}
