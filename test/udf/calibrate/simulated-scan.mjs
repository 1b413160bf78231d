/**
 * Scans with known truth, made without anything of the package: a coherent probe, a phase object in one slice, and a
 * detector that is turned, mirrored, stretched, shifted and partly covered. Intensities are sums by the definition of
 * the Fourier transform, so that positions need not fall on pixels.
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
  if (kind === 'amorphous' || kind === 'wedge') scattered(Math.round((4 * reach * reach) / 40), 2, 0.5, 1.5);
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
}

/** The transform of n × n complex numbers, frequency 0 at n / 2; `sign` 1 is the inverse. In place. */
function transformer(n) {
  const [c, s] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let q = 0; q < n; q++)
    for (let r = 0; r < n; r++) {
      const angle = (2 * Math.PI * (q - n / 2) * (r - n / 2)) / n;
      c[q * n + r] = Math.cos(angle);
      s[q * n + r] = Math.sin(angle);
    }
  const [lineRe, lineIm] = [new Float64Array(n), new Float64Array(n)];
  return (re, im, sign) => {
    for (const [step, stride] of [
      [1, n],
      [n, 1],
    ])
      for (let k = 0; k < n; k++) {
        for (let q = 0; q < n; q++) {
          let [sumRe, sumIm] = [0, 0];
          for (let r = 0, at = k * stride; r < n; r++, at += step) {
            const [wr, wi] = [c[q * n + r], sign * s[q * n + r]];
            sumRe += re[at] * wr - im[at] * wi;
            sumIm += re[at] * wi + im[at] * wr;
          }
          lineRe[q] = sumRe;
          lineIm[q] = sumIm;
        }
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

/** Dead, hot and covered pixels, written into the frames. */
function spoil(frames, positions, n, { gaps, stop, hot, dead, dose }, random) {
  const covered = new Uint8Array(n * n);
  for (let y = 0; y < n; y++)
    for (let x = 0; x < n; x++) {
      const inGap = (x >= n / 2 + 5 && x < n / 2 + 8) || (y >= n / 2 - 7 && y < n / 2 - 5);
      const inStop = Math.abs(y - n / 2) <= 2 && x < n / 2 + 4;
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
 * pixels of the object, of which the probe has about 0.6 n / radius.
 */
export function simulatedScan(options) {
  const { kind = 'amorphous', rows = 24, columns = 24, n = 48, radius = 10, seed = 1, strength = 0.3 } = options;
  const { rotation = 0, flipY = false, centre = [0, 0], ellipse = [0, 0], dose = 10, defocus = 0 } = options;
  const { step = 1.25 * ((13 * n) / 64 / radius), descan = () => [0, 0] } = options;
  const { gaps = false, stop = false, hot = 0, dead = 0 } = options;
  const random = uniform(seed);
  const reach = (Math.hypot(rows, columns) * step) / 2 + 0.7 * n;
  const turn = 2 * Math.PI * random();
  const object = {
    atoms: atomsOf(kind, reach, strength, random),
    strength,
    slope: kind === 'wedge' ? 0.04 : 0,
    fringes: kind === 'fringes' && [Math.cos(turn), Math.sin(turn)],
  };
  const [yy, yx, xx] = stretchOf(...ellipse);
  const determinant = yy * xx - yx * yx;
  const transform = transformer(n);
  const h = n / 2;
  // The probe: the inverse transform of the aperture as the detector shows it.
  const [probeRe, probeIm] = [new Float64Array(n * n), new Float64Array(n * n)];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      const [ky, kx] = [(xx * (i - h) - yx * (j - h)) / determinant, (yy * (j - h) - yx * (i - h)) / determinant];
      const k = Math.hypot(ky, kx);
      // An edge three pixels wide: a sharper one rings between pixels. Half of the intensity is at the radius.
      const amplitude = Math.sin((Math.PI / 6) * Math.min(3, Math.max(0, radius + 1.5 - k)));
      const phase = -Math.PI * defocus * (k / radius) ** 2;
      probeRe[i * n + j] = amplitude * Math.cos(phase);
      probeIm[i * n + j] = amplitude * Math.sin(phase);
    }
  transform(probeRe, probeIm, 1);
  const [c, s] = [Math.cos((rotation * Math.PI) / 180), Math.sin((rotation * Math.PI) / 180)];
  const frames = new Float64Array(rows * columns * n * n);
  const shifts = new Float64Array(2 * rows * columns);
  const phases = new Float64Array(rows * columns);
  const [phase, re, im] = [new Float64Array(n * n), new Float64Array(n * n), new Float64Array(n * n)];
  let total = 0;
  for (let i = 0; i < rows * columns; i++) {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const [vy, vx] = [(row - (rows - 1) / 2) * step, (column - (columns - 1) / 2) * step];
    // The transpose of what turns shifts on the detector into axes of the scan.
    const position = [(flipY ? -1 : 1) * (c * vy - s * vx), s * vy + c * vx];
    phaseOf(object, position, [yy, yx, xx], n, phase);
    phases[i] = phase[h * n + h];
    const moved = descan((2 * row) / (rows - 1) - 1, (2 * column) / (columns - 1) - 1);
    const [dy, dx] = [centre[0] + moved[0], centre[1] + moved[1]];
    shifts.set([dy, dx], 2 * i);
    for (let k = 0; k < n * n; k++) {
      const angle = phase[k] + (2 * Math.PI * (dy * (Math.floor(k / n) - h) + dx * ((k % n) - h))) / n;
      const [a, b] = [Math.cos(angle), Math.sin(angle)];
      re[k] = probeRe[k] * a - probeIm[k] * b;
      im[k] = probeRe[k] * b + probeIm[k] * a;
    }
    transform(re, im, -1);
    for (let k = 0; k < n * n; k++) total += frames[i * n * n + k] = re[k] * re[k] + im[k] * im[k];
  }
  const scale = (dose * frames.length) / total;
  for (let k = 0; k < frames.length; k++) frames[k] = poisson(frames[k] * scale, random);
  const spoilt = spoil(frames, rows * columns, n, { gaps, stop, hot, dead, dose }, random);
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

/** Differences of a calibration from the truth in units of its errors, and wrong claims. */
export function deviations({ centre, disk, ellipse, rotation, badPixels }, truth) {
  const z = {};
  const wrong = [];
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
    if (rotation.halfTurn === 'known' && Math.abs(off - 360 * Math.round(off / 360)) > 90) wrong.push('half turn');
  }
  const n = Math.sqrt(truth.covered.length);
  const beside = ([y, x]) => truth.covered[y * n + x] === 1;
  for (const pixel of badPixels.dead)
    if (!truth.dead.includes(pixel[0] * n + pixel[1]) && !beside(pixel)) wrong.push(`dead ${pixel}`);
  for (const pixel of badPixels.hot) if (!truth.hot.includes(pixel[0] * n + pixel[1])) wrong.push(`hot ${pixel}`);
  return { z, wrong };
}
