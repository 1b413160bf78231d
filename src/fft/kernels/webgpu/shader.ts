/**
 * The WGSL of a pass: Stockham stages over lines in workgroup memory, written out with all lengths and strides as
 * constants.
 *
 * The first stage takes its numbers from the buffer, the last one puts them there, so that a line of two stages crosses
 * workgroup memory once. Stages with a butterfly hold their numbers in registers between reading and writing, so one
 * array of the line's length is enough.
 */

import ends from '../../../../wgsl/fft/ends.wgsl';
import radix from '../../../../wgsl/fft/radix.wgsl';
import { partsOf } from '../../../compute/backends/webgpu/shader.js';
import { EwaldError } from '../../../util/errors.js';
import { oddButterfly } from './butterfly.js';
import { hasButterfly, radicesOf } from './lengths.js';
import type { Loop, Pass, Window } from './program.js';
import type { Tables } from './tables.js';

const parts = partsOf(ends);
const templatePart = (name: string): string => {
  const text = parts[name];
  if (text === undefined) throw new EwaldError('Internal', `wgsl/fft/ends.wgsl has no part ${name}`);
  return text;
};

/** A pass as a kernel. */
export interface Shader {
  readonly source: string;
  /** Workgroups, in two dimensions because one may be too short. */
  readonly groups: readonly [number, number];
  /** Which bindings follow the uniform: the tables, then the buffers. */
  readonly usesTable: boolean;
}

/** What a workgroup of the device can hold. */
export interface WorkgroupLimits {
  /** Maximum number of complex numbers in a line. */
  readonly capacity: number;
  /** Bytes of workgroup memory. */
  readonly bytes: number;
  /** Workgroups a dimension. */
  readonly groups: number;
}

/**
 * Where the results of a stage go: to the next stage, to the end, into the middle of a convolution, or to be taken
 * apart in pairs.
 */
type Target = 'points' | 'sink' | 'spectrum' | 'pairs';

const workgroup = 256;
/** Tables of more roots than this are split into the product of two. */
const longestTable = 4096;

/** The fields of a line's place in the kernel, and what a loop adds to each. */
const placeFields: Record<string, (loop: Loop) => number | undefined> = {
  in_base: (loop) => loop.from,
  out_base: (loop) => loop.to,
  in_index: (loop) => loop.inIndex,
  out_index: (loop) => loop.outIndex,
  a: (loop) => loop.a,
  b: (loop) => loop.b,
  frequency: (loop) => loop.frequency,
};

/** Writes the kernel of a pass; its tables are added to `tables`. */
export function shaderOf(pass: Pass, tables: Tables, limits: WorkgroupLimits): Shader {
  return new Writer(pass, tables, limits).shader();
}

/**
 * The position `i` of element `j` among the stored ones of a side, and how elements that are not stored are handled.
 */
function windowIndex(window: Window | undefined, j: string, otherwise: string): string {
  if (!window) return `let i = ${j};`;
  const { start, count, whole } = window;
  const place = start === 0 ? j : `select(${j} - ${start}u, ${j} + ${whole - start}u, ${j} < ${start}u)`;
  return `let i = ${place};${count < whole ? ` if (i >= ${count}u) { ${otherwise} }` : ''}`;
}

class Writer {
  readonly #pass: Pass;
  readonly #tables: Tables;
  readonly #limits: WorkgroupLimits;
  readonly #radices: readonly number[];
  /** Complex numbers of a line in workgroup memory, lines side by side, invocations. */
  readonly #length: number;
  readonly #lanes: number;
  readonly #threads: number;
  readonly #lines: number;
  /** Neighbouring invocations take neighbouring lines (not elements) when they read, write, and in between. */
  readonly #across: { readonly in: boolean; readonly out: boolean; readonly within: boolean };
  readonly #padded: boolean;
  readonly #main: string[] = [];
  readonly #functions: string[] = [];
  /** Something in workgroup memory has been read since the last barrier. */
  #read = false;
  #usesTable = false;
  /** Numbers the variables of stages. */
  #serial = 0;

  constructor(pass: Pass, tables: Tables, limits: WorkgroupLimits) {
    this.#pass = pass;
    this.#tables = tables;
    this.#limits = limits;
    this.#length = pass.core.length;
    this.#radices = radicesOf(this.#length);
    this.#lines = pass.loops.reduce((all, { count }) => all * count, 1);
    const [near] = pass.loops;
    const step = (loop: Loop): [number, number] => [
      (loop.from ?? 0) + (loop.inIndex ?? 0) * pass.inStride,
      (loop.to ?? 0) + (loop.outIndex ?? 0) * pass.outStride,
    ];
    const [from, to] = near ? step(near) : [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    const [across, acrossOut] = [from < pass.inIndex * pass.inStride, to < pass.outIndex * pass.outStride];
    this.#across = { in: across, out: acrossOut, within: across && acrossOut };
    this.#lanes = this.#chooseLanes(across || acrossOut);
    const elements = this.#lanes * this.#length;
    this.#threads = Math.min(workgroup, Math.max(32, Math.ceil(elements / 8 / 32) * 32));
    // A gap after every eight numbers keeps strides of eight, which the first stages write, from falling on one memory
    // bank.
    this.#padded =
      !this.#across.within && this.#radices.length > 1 && (elements + Math.ceil(elements / 8)) * 8 <= limits.bytes;
  }

  /**
   * Lines of a workgroup: 64 bytes of neighbours across, 256 numbers at least, and more once there are workgroups
   * enough, as long as two of them, gaps included, have room at a time.
   */
  #chooseLanes(across: boolean): number {
    const most = Math.max(1, Math.floor(this.#limits.capacity / this.#length));
    const more = Math.floor(this.#limits.bytes / 2 / (9 * this.#length));
    const wish = Math.max(
      across ? 8 : 1,
      Math.ceil(256 / this.#length),
      Math.min(Math.floor(this.#lines / 1024), more),
    );
    return Math.min(2 ** Math.floor(Math.log2(Math.min(most, wish))), 2 ** Math.ceil(Math.log2(this.#lines)));
  }

  shader(): Shader {
    const { core, spectrum, pairs } = this.#pass;
    const convolves = core.length !== core.points || spectrum !== undefined;
    const end = pairs ? 'pairs' : 'sink';
    this.#stages(convolves ? 'spectrum' : end, true);
    if (convolves) this.#stages(end, false);
    if (pairs) this.#pairUp();
    const body = this.#main.map((line) => `  ${line}`).join('\n');
    const groups = Math.ceil(this.#lines / this.#lanes);
    // An even split of both dimensions leaves few workgroups without lines.
    const rows = Math.ceil(groups / this.#limits.groups);
    const columns = Math.ceil(groups / rows);
    const helpers = this.#helpers();
    const source = [
      this.#declarations(columns),
      radix,
      ...[...new Set(this.#radices)].filter((r) => hasButterfly(r) && r % 2 === 1 && r > 1).map(oddButterfly),
      helpers,
      ...this.#functions,
      `@compute @workgroup_size(${this.#threads})`,
      'fn transform_lines(@builtin(local_invocation_index) local: u32, @builtin(workgroup_id) group: vec3u) {',
      `  let first_line = (group.x + group.y * ${columns}u) * ${this.#lanes}u;`,
      body,
      '}',
    ].join('\n');
    return { source, groups: [columns, rows], usesTable: this.#usesTable };
  }

  #table(offset: number, index: string): string {
    this.#usesTable = true;
    return offset === 0 ? `table[${index}]` : `table[${offset}u + ${index}]`;
  }

  // ── Stages
  // ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  #barrier(): void {
    this.#main.push('workgroupBarrier();');
    this.#read = false;
  }

  /** All stages of one transform; `first` takes its numbers from the buffer. */
  #stages(target: Target, first: boolean): void {
    let span = 1;
    let held = !first;
    if (first && !hasButterfly(this.#radices[0] ?? 1)) {
      this.#fill();
      held = true;
    }
    this.#radices.forEach((r, i) => {
      const last = i === this.#radices.length - 1;
      const to = last ? target : 'points';
      if (hasButterfly(r)) this.#butterflies(r, span, held ? 'points' : 'source', to);
      else this.#sums(r, span, to);
      span *= r;
      held = true;
    });
  }

  /** Runs `write` for the items of an invocation: `items` of each line, numbered along or across the lines. */
  #each(items: number, across: boolean, write: (round: number) => string[]): string[] {
    const all = items * this.#lanes;
    const lines: string[] = [];
    for (let round = 0; round * this.#threads < all; round++) {
      const whole = (round + 1) * this.#threads <= all;
      lines.push(whole ? '{' : `if (local + ${round * this.#threads}u < ${all}u) {`);
      lines.push(`  let item = local + ${round * this.#threads}u;`);
      if (across) lines.push(`  let lane = item % ${this.#lanes}u;`, `  let j = item / ${this.#lanes}u;`);
      else lines.push(`  let lane = item / ${items}u;`, `  let j = item % ${items}u;`);
      lines.push(...write(round).map((line) => `  ${line}`), '}');
    }
    return lines;
  }

  /** Where items are numbered along which side. */
  #direction(from: string, to: string): boolean {
    return from === 'source' ? this.#across.in : to === 'sink' ? this.#across.out : this.#across.within;
  }

  #fill(): void {
    this.#main.push(
      ...this.#each(this.#length, this.#across.in, () =>
        this.#guarded(['points[at(lane, j)] = fetch(place_of(line), j);']),
      ),
    );
    this.#barrier();
  }

  /** Statements for a line, if it exists; numbers of missing lines stay unchanged and are never written. */
  #guarded(statements: readonly string[]): string[] {
    const whole = this.#lines % this.#lanes === 0 && this.#lines / this.#lanes <= this.#limits.groups;
    return [
      'let line = first_line + lane;',
      ...(whole ? statements : [`if (line < ${this.#lines}u) {`, ...statements, '}']),
    ];
  }

  #butterflies(r: number, span: number, from: 'source' | 'points', to: Target): void {
    const items = this.#length / r;
    const across = this.#direction(from, to);
    const stage = span > 1 ? this.#tables.stage(r, span) : 0;
    const rounds = Math.ceil((items * this.#lanes) / this.#threads);
    const serial = this.#serial++;
    const name = (round: number): string => `v${serial}_${round}`;
    for (let round = 0; round < rounds; round++) this.#main.push(`var ${name(round)}: array<vec2f, ${r}>;`);
    const list = (one: (q: number) => string): string => Array.from({ length: r }, (_, q) => one(q)).join(', ');
    const element = (q: number): string => (q === 0 ? 'j' : `j + ${q * items}u`);
    const reading = this.#each(items, across, (round) => {
      const values = list((q) => {
        const value = from === 'source' ? `fetch(place, ${element(q)})` : `points[at(lane, ${element(q)})]`;
        return q === 0 || span === 1 ? value : `times(${value}, ${this.#table(stage + (q - 1) * span, 'k')})`;
      });
      const butterfly = `${name(round)} = radix${r}(array<vec2f, ${r}>(${values}));`;
      if (from === 'source') return this.#guarded(['let place = place_of(line);', butterfly]);
      return span > 1 ? [`let k = j % ${span}u;`, butterfly] : [butterfly];
    });
    this.#main.push(...reading);
    if (from === 'points') this.#read = true;
    if (to !== 'sink' && this.#read) this.#barrier();
    const writing = this.#each(items, across, (round) => {
      const base = span === 1 ? `j * ${r}u` : span === items ? 'j' : `(j / ${span}u) * ${span * r}u + j % ${span}u`;
      return [
        `let base = ${base};`,
        ...this.#deliver(
          to,
          Array.from({ length: r }, (_, q) => [q === 0 ? 'base' : `base + ${q * span}u`, `${name(round)}[${q}]`]),
        ),
      ];
    });
    this.#main.push(...writing);
    if (to !== 'sink') this.#barrier();
  }

  /** Statements that put values of a line where they belong. */
  #deliver(to: Target, values: readonly (readonly [index: string, value: string])[]): string[] {
    const { core } = this.#pass;
    if (to === 'sink') {
      return this.#guarded([
        'let place = place_of(line);',
        ...values.map(([index, value]) => `emit(place, ${index}, ${value});`),
      ]);
    }
    if (to === 'spectrum') {
      // Times the spectrum, parts exchanged: the second transform is then the inverse one.
      const { points, length, step } = this.#pass.spectrum ?? { points: core.points, length: core.length, step: 1 };
      const offset = this.#tables.spectrum(points, length);
      const placed = this.#pass.spectrum ? ['let place = place_of(first_line + lane);'] : [];
      const index = (k: string): string => (this.#pass.spectrum ? `place.frequency + (${k}) * ${step}u` : k);
      // Missing lines would read beyond the table, which WebGPU clamps.
      return [
        ...placed,
        ...values.map(([k, value]) => `points[at(lane, ${k})] = times(${value}, ${this.#table(offset, index(k))}).yx;`),
      ];
    }
    // Before the pairs are taken apart, a convolution is finished in place.
    if (to === 'pairs' && core.length !== core.points)
      return values.map(([k, value]) => `points[at(lane, ${k})] = finished(${k}, ${value});`);
    return values.map(([k, value]) => `points[at(lane, ${k})] = ${value};`);
  }

  /** A stage of a prime without a butterfly: each output is the sum of its inputs times roots. */
  #sums(r: number, span: number, to: Target): void {
    const n = this.#length;
    const part = n / r;
    const all = span * r;
    const roots = this.#tables.roots(all);
    const name = `sum${this.#serial++}`;
    this.#functions.push(
      [
        `// Output o of a stage of radix ${r}: numbers j + ${part} r times exp(-2 pi i r step / ${all}).`,
        `fn ${name}(lane: u32, o: u32) -> vec2f {`,
        `  let j = o % ${part}u;`,
        `  let step = j % ${span}u + (o / ${part}u) * ${span}u;`,
        '  var sum = points[at(lane, j)];',
        '  var angle = 0u;',
        `  for (var r = 1u; r < ${r}u; r++) {`,
        '    angle += step;',
        `    if (angle >= ${all}u) { angle -= ${all}u; }`,
        `    sum += times(points[at(lane, j + r * ${part}u)], ${this.#table(roots, 'angle')});`,
        '  }',
        '  return sum;',
        '}',
      ].join('\n'),
    );
    const across = this.#direction('points', to);
    const rounds = Math.ceil((n * this.#lanes) / this.#threads);
    for (let round = 0; round < rounds; round++) this.#main.push(`var ${name}_${round}: vec2f;`);
    this.#main.push(...this.#each(n, across, (round) => [`${name}_${round} = ${name}(lane, j);`]));
    this.#read = true;
    if (to !== 'sink') this.#barrier();
    this.#main.push(
      ...this.#each(n, across, (round) => {
        const place = `((j % ${part}u) / ${span}u) * ${all}u + j % ${span}u + (j / ${part}u) * ${span}u`;
        return [`let o = ${span === part ? 'j' : place};`, ...this.#deliver(to, [['o', `${name}_${round}`]])];
      }),
    );
    if (to !== 'sink') this.#barrier();
  }

  /** The results of real lines, taken apart from workgroup memory. */
  #pairUp(): void {
    const h = this.#pass.core.points;
    this.#main.push(
      ...this.#each(h + 1, this.#across.out, () =>
        this.#guarded([
          `let own = select(j, 0u, j == ${h}u);`,
          `let other = select(${h}u - j, 0u, j == 0u);`,
          'sink(place_of(line).out_base, j, unpair(j, points[at(lane, own)], points[at(lane, other)]));',
        ]),
      ),
    );
  }

  // ── Code before main
  // ───────────────────────────────────────────────────────────────────────────────────────────────────

  #declarations(columns: number): string {
    const { core, loops, source, sink, axis } = this.#pass;
    const { from, to, realFrom, realTo } = this.#pass;
    const [tin, tout] = [realFrom ? 'f32' : 'vec2f', realTo ? 'f32' : 'vec2f'];
    let binding = 0;
    const next = (): string => `@group(0) @binding(${binding++})`;
    const elements = this.#lanes * this.#length;
    const inPlace = from === to;
    const exchanged =
      this.#radices.length > 1 ||
      core.length !== core.points ||
      this.#pass.spectrum ||
      this.#pass.pairs ||
      !hasButterfly(this.#radices[0] ?? 1);
    return [
      `// ${source.file} to ${sink.file}: ${core.points} ` +
        `points${core.length === core.points ? '' : ` as a convolution of ${core.length}`}, radices ` +
        `${this.#radices.join(' ')}, ${this.#lines} lines ` +
        `(${loops.map(({ count }) => count).join(' x ') || 'one'}), ${this.#lanes} a workgroup, ${columns} ` +
        'workgroups a row',
      `${next()} var<uniform> run: Run;`,
      ...(this.#usesTable ? [`${next()} var<storage, read> table: array<vec2f>;`] : []),
      inPlace
        ? `${next()} var<storage, read_write> lines: array<${tin}>;`
        : `${next()} var<storage, read> lines: array<${tin}>;`,
      ...(inPlace ? [] : [`${next()} var<storage, read_write> results: array<${tout}>;`]),
      ...(exchanged
        ? [`var<workgroup> points: array<vec2f, ${elements + (this.#padded ? Math.ceil(elements / 8) : 0)}>;`]
        : []),
      `const AXIS = ${axis}u;`,
      `const IN_STRIDE = ${this.#pass.inStride}u;`,
      `const OUT_STRIDE = ${this.#pass.outStride}u;`,
      // A pass over a piece of a line has one of the two only.
      ...('sine' in source ? [`const SINE = ${source.sine};`] : 'sine' in sink ? [`const SINE = ${sink.sine};`] : []),
      `fn load(base: u32, j: u32) -> ${tin} { ${windowIndex(this.#pass.inWindow, 'j', `return ${tin}();`)} return ` +
        'lines[base + i * IN_STRIDE]; }',
      `fn store(base: u32, k: u32, v: ${tout}) { ${windowIndex(this.#pass.outWindow, 'k', 'return;')} ` +
        `${inPlace ? 'lines' : 'results'}[base + i * OUT_STRIDE] = v; }`,
      `fn at(lane: u32, j: u32) -> u32 { ${
        this.#across.within
          ? `return j * ${this.#lanes}u + lane;`
          : `let i = lane * ${this.#length}u + j; return i${this.#padded ? ' + i / 8u' : ''};`
      } }`,
    ].join('\n');
  }

  /** Where a line lies; fetch and emit: everything that happens to a number on its way in and out. */
  #helpers(): string {
    return [...this.#ends(), ...this.#placeOf(), ...this.#fetch(), ...this.#finished(), ...this.#emit()].join('\n');
  }

  /** The source, the sink and the constants that they name. */
  #ends(): string[] {
    const { source, sink, axis, pairs } = this.#pass;
    const halves = sink.file === 'dct1' ? (('sine' in sink && sink.sine ? axis + 1 : axis - 1) as number) : axis / 2;
    const taken = [
      ...(source.file === 'dct1' || source.file === 'dct1_packed' ? [templatePart('extended')] : []),
      templatePart(`source_${source.file}`),
      templatePart(`sink_${sink.file}`),
      ...(pairs ? [templatePart('pairs')] : []),
    ];
    // A pass may have one end of a sine or cosine only, and that need not read a table: a kernel that declares a table
    // which it does not read has no place for it in its bindings.
    const offsets: Record<string, () => number> = {
      HALVES: () => this.#tables.half(halves, halves + 1),
      QUARTERS: () => this.#tables.half(2 * axis, axis),
      SHIFTED_QUARTERS: () => this.#tables.half(2 * axis, axis, 0.5),
      EIGHTHS: () => this.#tables.half(axis, axis / 2, 0.125),
    };
    const used = Object.entries(offsets).filter(([name]) =>
      taken.some((text) => new RegExp(`\\b${name}\\b`).test(text)),
    );
    if (used.length > 0) this.#usesTable = true;
    return [...used.map(([name, offset]) => `const ${name} = ${offset()}u;`), ...taken];
  }

  #placeOf(): string[] {
    const { loops } = this.#pass;
    const decode = loops.flatMap((loop, i) => {
      const terms = Object.entries(placeFields).flatMap(([name, step]) =>
        step(loop) ? [`place.${name} += i${i} * ${step(loop)}u;`] : [],
      );
      const whole = i === loops.length - 1;
      return [
        `  let i${i} = rest${whole ? '' : ` % ${loop.count}u`};`,
        ...(whole ? [] : [`  rest /= ${loop.count}u;`]),
        `  ${terms.join(' ')}`,
      ];
    });
    return [
      `struct Place { ${Object.keys(placeFields)
        .map((name) => `${name}: u32`)
        .join(', ')} }`,
      'fn place_of(line: u32) -> Place {',
      '  var place = Place();',
      ...(loops.length > 0 ? ['  var rest = line;'] : []),
      ...decode,
      '  return place;',
      '}',
    ];
  }

  /** Whether the pass is a convolution in workgroup memory, whose numbers lie beyond its points too. */
  get #local(): boolean {
    const { core } = this.#pass;
    return core.length !== core.points;
  }

  #chirp(points: number, index: string): string {
    return this.#table(this.#tables.chirp(points), index);
  }

  #fetch(): string[] {
    const { core, chirpIn, inIndex } = this.#pass;
    return [
      'fn fetch(place: Place, j: u32) -> vec2f {',
      ...(this.#local ? [`  if (j >= ${core.points}u) { return vec2f(0.0); }`] : []),
      `  let index = place.in_index + j * ${inIndex}u;`,
      ...(chirpIn === undefined ? [] : [`  if (index >= ${chirpIn}u) { return vec2f(0.0); }`]),
      '  var v = source(place.in_base, index);',
      ...(this.#local ? [`  v = times(v, ${this.#chirp(core.points, 'j')});`] : []),
      ...(chirpIn === undefined ? [] : [`  v = times(v, ${this.#chirp(chirpIn, 'index')});`]),
      '  return v;',
      '}',
    ];
  }

  #finished(): string[] {
    if (!this.#local) return [];
    const { points } = this.#pass.core;
    return [
      '// The end of a convolution: parts exchanged back, and the chirp.',
      'fn finished(j: u32, v: vec2f) -> vec2f { return times(v.yx, ' +
        `${this.#chirp(points, `min(j, ${points - 1}u)`)}); }`,
    ];
  }

  #emit(): string[] {
    const { core, twiddle, chirpOut, outIndex } = this.#pass;
    return [
      'fn emit(place: Place, j: u32, value: vec2f) {',
      '  var v = value;',
      ...(this.#local ? [`  if (j >= ${core.points}u) { return; }`, '  v = finished(j, v);'] : []),
      ...(twiddle
        ? [
            `  let turns = (place.a + j * ${twiddle.step}u) * place.b;`,
            `  v = times(v, ${this.#root(twiddle.n, 'turns')});`,
          ]
        : []),
      `  let index = place.out_index + j * ${outIndex}u;`,
      ...(chirpOut === undefined
        ? []
        : [`  if (index >= ${chirpOut}u) { return; }`, `  v = times(v.yx, ${this.#chirp(chirpOut, 'index')});`]),
      '  sink(place.out_base, index, v);',
      '}',
    ];
  }

  /** exp(−2πi turns/n), turns below n: from one table, or as the product of a coarse and a fine one. */
  #root(n: number, turns: string): string {
    if (n <= longestTable) return this.#table(this.#tables.roots(n), turns);
    const shift = Math.ceil(Math.log2(n) / 2);
    const fine = 2 ** shift;
    const coarse = this.#tables.roots(n, Math.ceil(n / fine), fine);
    const exact = this.#tables.roots(n, fine);
    return `times(${this.#table(coarse, `(${turns} >> ${shift}u)`)}, ${this.#table(exact, `(${turns} & ${fine - 1}u)`)})`;
  }
}
