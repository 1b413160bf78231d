// The ends of a line: how element j becomes a complex number (source_*), and how result k becomes elements (sink_*). A
// kernel takes one of each (src/fft/kernels/webgpu/shader.ts); `#part` starts a piece that a kernel may
// include. The counterpart of cuda/fft/ends.cuh.

#part extended
// Element j of the line and its mirror image: even around both ends (cosine, 2 (n-1) elements) or odd (sine, 2 (n+1)
// elements).
fn extended(base: u32, j: u32) -> f32 {
  if (SINE) {
    let n1 = AXIS + 1u;
    if (j == 0u || j == n1) { return 0.0; }
    let mirrored = j > n1;
    let x = load(base, select(j, 2u * n1 - j, mirrored) - 1u);
    return select(x, -x, mirrored);
  }
  return load(base, select(j, 2u * (AXIS - 1u) - j, j >= AXIS));
}

#part pairs
// From the spectrum Z of z[j] = x[2j] + i x[2j+1] (h points) that of the real line x (2h points), for k = 0 ... h:
// X[k] = (Z[k] + conj Z[h-k] - i exp(-pi i k/h) (Z[k] - conj Z[h-k])) / 2, indices of Z modulo h.
fn unpair(k: u32, z: vec2f, mirror: vec2f) -> vec2f {
  let y = conjugate(mirror);
  return 0.5 * (z + y + turn(times(table[HALVES + k], z - y)));
}

#part source_complex
// Element j of a complex line.
fn source(base: u32, j: u32) -> vec2f {
  let v = load(base, j);
  return select(v, v.yx, run.swap_in != 0u);
}

#part source_real
// Element j of a real line as a complex number.
fn source(base: u32, j: u32) -> vec2f {
  return vec2f(load(base, j), 0.0);
}

#part source_packed
// Two real elements as one complex number: a line of even length becomes one of half the length.
fn source(base: u32, j: u32) -> vec2f {
  return vec2f(load(base, 2u * j), load(base, 2u * j + 1u));
}

#part source_hermitian
// The whole spectrum of a real line from its first half: X[n - k] = conj X[k]. Conjugated, so that the forward sum
// gives the inverse. Imaginary parts that a real line cannot have are ignored.
fn source(base: u32, k: u32) -> vec2f {
  let mirrored = 2u * k > AXIS;
  let v = load(base, select(k, AXIS - k, mirrored));
  let own = k == 0u || 2u * k == AXIS;
  return vec2f(v.x, select(select(-v.y, v.y, mirrored), 0.0, own));
}

#part source_hermitian_packed
// From the spectrum X of a real line x of even length n that of z[j] = x[2j] + i x[2j+1], of h = n/2 points:
// Z[k] = X[k] + conj X[h-k] + i exp(2 pi i k/n) (X[k] - conj X[h-k]). Exchanged parts make the forward sum the inverse.
// Imaginary parts of X[0] and X[h], which a real line cannot have, are ignored.
fn source(base: u32, k: u32) -> vec2f {
  let h = AXIS / 2u;
  var x = load(base, k);
  var y = conjugate(load(base, h - k));
  if (k == 0u) {
    x.y = 0.0;
    y.y = 0.0;
  }
  // i exp(2 pi i k/n) d = conj(-i exp(-2 pi i k/n) conj d)
  let d = conjugate(turn(times(table[HALVES + k], conjugate(x - y))));
  return (x + y + d).yx;
}

#part source_dct1
fn source(base: u32, j: u32) -> vec2f {
  return vec2f(extended(base, j), 0.0);
}

#part source_dct1_packed
fn source(base: u32, j: u32) -> vec2f {
  return vec2f(extended(base, 2u * j), extended(base, 2u * j + 1u));
}

#part source_dct2
// Even elements up, odd ones down: the cosine sum is then the real part of a complex one of the same length (Makhoul
// 1980). A sine is the cosine of the line with every other sign changed, backwards.
fn source(base: u32, m: u32) -> vec2f {
  let odd = 2u * m >= AXIS;
  let x = load(base, select(2u * m, 2u * (AXIS - m) - 1u, odd));
  return vec2f(select(x, -x, SINE && odd), 0.0);
}

#part source_dct3
// The transpose of dct2: each element is weighted with its root.
fn source(base: u32, k: u32) -> vec2f {
  let y = load(base, select(k, AXIS - 1u - k, SINE));
  return select(2.0, 1.0, k == 0u) * y * table[QUARTERS + k];
}

#part source_dct4
// Even length n: (x[2j] + i x[n-1-2j]) exp(-pi i (j + 1/8)/n), n/2 points. A sine is the cosine of the line backwards.
fn source(base: u32, j: u32) -> vec2f {
  let x = load(base, 2u * j);
  let y = load(base, AXIS - 1u - 2u * j);
  return times(select(vec2f(x, y), vec2f(y, x), SINE), table[EIGHTHS + j]);
}

#part source_dct4_odd
// Odd length n: x[j] exp(-pi i j/2n), with zeros to 2n points.
fn source(base: u32, j: u32) -> vec2f {
  if (j >= AXIS) { return vec2f(0.0); }
  return load(base, select(j, AXIS - 1u - j, SINE)) * table[QUARTERS + j];
}

#part sink_complex
fn sink(base: u32, k: u32, v: vec2f) {
  store(base, k, select(v, v.yx, run.swap_out != 0u) * run.scale);
}

#part sink_half
// The non-redundant part of a real line's spectrum.
fn sink(base: u32, k: u32, v: vec2f) {
  if (2u * k <= AXIS) { store(base, k, v * run.scale); }
}

#part sink_real
fn sink(base: u32, k: u32, v: vec2f) {
  store(base, k, select(v.x, v.y, run.swap_out != 0u) * run.scale);
}

#part sink_unpacked
// Two real elements from the complex number in which they were packed, whose parts are exchanged
// (source_hermitian_packed).
fn sink(base: u32, j: u32, v: vec2f) {
  store(base, 2u * j, v.y * run.scale);
  store(base, 2u * j + 1u, v.x * run.scale);
}

#part sink_dct1
// The spectrum of the extended line is real (cosine) or imaginary (sine).
fn sink(base: u32, k: u32, v: vec2f) {
  if (SINE) {
    if (k >= 1u && k <= AXIS) { store(base, k - 1u, -v.y * run.scale); }
  } else if (k < AXIS) {
    store(base, k, v.x * run.scale);
  }
}

#part sink_dct2
// y[k] = 2 Re(exp(-pi i k/2n) V[k])
fn sink(base: u32, k: u32, v: vec2f) {
  let y = 2.0 * times(v, table[QUARTERS + k]).x;
  store(base, select(k, AXIS - 1u - k, SINE), y * run.scale);
}

#part sink_dct3
fn sink(base: u32, m: u32, v: vec2f) {
  let odd = 2u * m >= AXIS;
  let x = select(v.x, -v.x, SINE && odd);
  store(base, select(2u * m, 2u * (AXIS - m) - 1u, odd), x * run.scale);
}

#part sink_dct4
// y[2k] = 2 Re u, y[n-1-2k] = -2 Im u, u = exp(-pi i (k + 1/8)/n) V[k]; for a sine with every other sign changed.
fn sink(base: u32, k: u32, v: vec2f) {
  let u = 2.0 * run.scale * times(v, table[EIGHTHS + k]);
  store(base, 2u * k, u.x);
  store(base, AXIS - 1u - 2u * k, select(-u.y, u.y, SINE));
}

#part sink_dct4_odd
// y[k] = 2 Re(exp(-pi i (k + 1/2)/2n) V[k])
fn sink(base: u32, k: u32, v: vec2f) {
  if (k >= AXIS) { return; }
  let y = 2.0 * times(v, table[SHIFTED_QUARTERS + k]).x;
  store(base, k, select(y, -y, SINE && (k & 1u) == 1u) * run.scale);
}
