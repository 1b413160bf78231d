/**
 * Writers of the generated headers: C/C++/CUDA and WGSL. `scripts/layout.mjs` puts the text into the tree and checks
 * that it is fresh.
 */
import { EwaldError } from '../../util/errors.js';
import type { Range } from '../../util/range.js';
import { fewConstants } from './few.js';
import { batchSpotRange, indexerRanges, proposalRanges, refinementDefaults, thresholdRanges } from './indexing.js';
import { type RoomLayout, rooms } from './rooms.js';
import {
  type Constant,
  cellRounds,
  cellSearchConstants,
  climbRounds,
  cudaCapacities,
  effortConstants,
  efforts,
  ladder,
  searchConstants,
  turnRounds,
  vectorRounds,
} from './search.js';
import { type Field, type Scalar, type Struct, structBytes, wordOf } from './struct.js';

const snake = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
const upper = (name: string): string => snake(name).replaceAll('-', '_').toUpperCase();
const title = (name: string): string => `${name[0]?.toUpperCase()}${name.slice(1)}`;
const notice = (file: string): string =>
  `Generated from src/compute/layout/${file} by \`npm run layout\`. Do not edit.`;
const cType: Record<Scalar, string> = { u32: 'uint32_t', i32: 'int32_t', f32: 'float' };
const scalarOf = ({ name, type }: Field): Scalar => {
  if (type === 'u32' || type === 'i32' || type === 'f32') return type;
  throw new EwaldError('Internal', `the field ${name} is no scalar, so it cannot cross the C interface`);
};

/** The text of cpp/include/generated/layout.h: C structs with static offset checks, enums and constants. */
export function cHeader(): string {
  const out: string[] = [
    `/* ${notice('')} */`,
    '#ifndef EWALD_LAYOUT_H',
    '#define EWALD_LAYOUT_H',
    '#include <stddef.h>',
    '#include <stdint.h>',
    '#ifdef __cplusplus',
    '#define EWALD_STATIC_ASSERT static_assert',
    '#else',
    '#define EWALD_STATIC_ASSERT _Static_assert',
    '#endif',
    '',
  ];
  for (const { constants = {} } of rooms)
    for (const [name, value] of Object.entries(constants)) out.push(`#define EWALD_${upper(name)} ${cConstant(value)}`);
  for (const { enums = {} } of rooms)
    for (const [name, values] of Object.entries(enums)) {
      const rows = Object.entries(values).map(([key, value]) => `  EWALD_${upper(name)}_${upper(key)} = ${value}`);
      out.push('', `typedef enum ewald_${snake(name)} {`, rows.join(',\n'), `} ewald_${snake(name)};`);
    }
  for (const { structs = [] } of rooms) for (const struct of structs) out.push('', ...cStruct(struct));
  out.push('', '#endif', '');
  return out.join('\n');
}

function cConstant(value: number): string {
  return Number.isInteger(value) ? `${value >= 0x10000 ? `0x${value.toString(16)}` : value}u` : `${value}f`;
}

function cStruct(struct: Struct): string[] {
  const name = `ewald_${snake(struct.name)}`;
  const out = [`/* ${struct.doc} */`, `typedef struct ${name} {`];
  for (const field of struct.fields)
    out.push(
      `  ${cType[scalarOf(field)]} ${snake(field.name)}${field.count ? `[${field.count}]` : ''}; /* ${field.doc} */`,
    );
  out.push(`} ${name};`, `EWALD_STATIC_ASSERT(sizeof(${name}) == ${structBytes(struct)}, "layout of ${name}");`);
  for (const field of struct.fields) {
    out.push(
      `EWALD_STATIC_ASSERT(offsetof(${name}, ${snake(field.name)}) == ${wordOf(struct, field.name) * 4}, "layout ` +
        `of ${name}.${snake(field.name)}");`,
    );
  }
  return out;
}

// Reserved words of WGSL get an underscore.
const wgslName = (name: string): string => (name === 'precision' ? `${name}_` : snake(name));
const wgslType = ({ type, count }: Field): string => {
  const one = typeof type === 'object' ? type.name : type;
  return count ? `array<${one}, ${count}>` : one;
};

/** The text of wgsl/generated/<room>.wgsl: structs, enums and constants of a room for shaders. */
export function wgslHeader({ name, constants, enums, structs, wgslConstants, wgslStructs }: RoomLayout): string {
  const out: string[] = [`// ${notice(`${name}.ts`)}`];
  for (const [key, value] of Object.entries({ ...constants, ...wgslConstants })) out.push(wgslConstant(key, value));
  for (const [type, values] of Object.entries(enums ?? {}))
    for (const [key, value] of Object.entries(values)) out.push(`const ${upper(type)}_${upper(key)}: u32 = ${value}u;`);
  for (const struct of [...(structs ?? []), ...(wgslStructs ?? [])]) {
    checkAlignment(struct);
    out.push('', `// ${struct.doc}`, `struct ${struct.name} {`);
    for (const field of struct.fields) out.push(`  ${wgslName(field.name)}: ${wgslType(field)}, // ${field.doc}`);
    out.push('}');
  }
  return `${out.join('\n')}\n`;
}

const wgslConstant = (name: string, value: number): string =>
  Number.isInteger(value) ? `const ${upper(name)}: u32 = ${value}u;` : `const ${upper(name)}: f32 = ${value};`;

// WGSL aligns vectors and structures to 16 bytes; TypeScript packs without gaps, so their offsets must be multiples of
// 16.
function checkAlignment(struct: Struct): void {
  for (const { name, type } of struct.fields) {
    if (type !== 'u32' && type !== 'i32' && type !== 'f32' && wordOf(struct, name) % 4 !== 0)
      throw new EwaldError('Internal', `${struct.name}.${name} does not stand at a multiple of 16 bytes`);
  }
  if (structBytes(struct) % 16 !== 0)
    throw new EwaldError('Internal', `${struct.name} has ${structBytes(struct)} bytes, no multiple of 16`);
}

/** Tables of the search: rows that C++, CUDA and WGSL look up by their number. */
interface Table {
  readonly name: string;
  readonly file: string;
  readonly doc: string;
  readonly rows: readonly object[];
  /** Numbers of the rows by name. */
  readonly keys?: readonly string[];
  /** Whether only C++ reads it. */
  readonly cpp?: true;
}
const tables: readonly Table[] = [
  { name: 'effort', file: 'Effort', doc: 'One effort of the fast method.', rows: efforts },
  {
    name: 'ladderRound',
    file: 'LadderRound',
    doc: 'A round of the ladder.',
    rows: Object.values(ladder),
    keys: Object.keys(ladder).map((key) => `ladder${title(key)}`),
  },
  { name: 'turnRound', file: 'TurnRound', doc: 'A round of the refinement of the orientation.', rows: turnRounds },
  { name: 'vectorRound', file: 'VectorRound', doc: "A round of the exhaustive method's fit.", rows: vectorRounds },
  { name: 'climbRound', file: 'ClimbRound', doc: "A round of an unknown cell's vector.", rows: climbRounds, cpp: true },
  { name: 'cellRound', file: 'CellRound', doc: 'A round of an unknown cell.', rows: cellRounds, cpp: true },
];

const allSearch: Readonly<Record<string, Constant>> = { ...searchConstants, ...effortConstants };
const realText = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : `${value}`);
// A column is real if any of its numbers is, or if its name is in this list.
const realColumns = new Set(['limit', 'apart', 'indexLimit', 'radius', 'share']);
function tableColumns({ rows }: Table): { name: string; type: 'bool' | 'real' | 'integer' }[] {
  return Object.entries(rows[0] ?? {}).map(([name, value]) => ({
    name,
    type: typeof value === 'boolean' ? 'bool' : realColumns.has(name) ? 'real' : 'integer',
  }));
}
const cell = (row: object, name: string): number | boolean => (row as Record<string, number | boolean>)[name] ?? 0;

/** The text of cpp/include/generated/search.h, which C++ and CUDA read. */
export function searchHeader(): string {
  const out = [`// ${notice('search.ts')}`, '#pragma once', '#include "common/portable.h"', ''];
  out.push('namespace ewald::indexing {', '');
  for (const [name, { value, doc, real }] of Object.entries({
    ...allSearch,
    ...cellSearchConstants,
    ...cudaCapacities,
  } as Readonly<Record<string, Constant>>)) {
    const declared = real ? `double ${snake(name)} = ${realText(value)}` : `int ${snake(name)} = ${value}`;
    out.push(`// ${doc}`, `constexpr ${declared};`);
  }
  const types = { bool: 'bool', real: 'double', integer: 'int' };
  for (const table of tables) {
    const columns = tableColumns(table);
    const struct = title(table.name);
    out.push('', `// ${table.doc} See src/compute/layout/search.ts.`, `struct ${struct} {`);
    for (const { name, type } of columns) out.push(`  ${types[type]} ${snake(name)};`);
    out.push('};');
    for (const [i, key] of (table.keys ?? []).entries()) out.push(`constexpr int ${snake(key)} = ${i};`);
    out.push(`constexpr int ${snake(table.name)}s = ${table.rows.length};`);
    out.push(`EWALD_HD ${struct} ${snake(table.name)}_of(int i) {`, `  EWALD_TABLE ${struct} rows[] = {`);
    for (const row of table.rows) {
      const values = columns.map(({ name, type }) =>
        type === 'real' ? realText(Number(cell(row, name))) : cell(row, name),
      );
      out.push(`      {${values.join(', ')}},`);
    }
    out.push('  };', '  return rows[i];', '}');
  }
  out.push('', '}  // namespace ewald::indexing', '');
  return out.join('\n');
}

/** The text of cpp/include/generated/few.h: the constants of the search with few spots. */
export function fewHeader(): string {
  const out = [`// ${notice('few.ts')}`, '#pragma once', '', 'namespace ewald::indexing::few {', ''];
  for (const [name, { value, doc, real }] of Object.entries(fewConstants)) {
    const declared =
      typeof value !== 'number'
        ? `double ${snake(name)}[] = {${value.map(realText).join(', ')}}`
        : real
          ? `double ${snake(name)} = ${realText(value)}`
          : `int ${snake(name)} = ${value}`;
    out.push(`// ${doc}`, `constexpr ${declared};`);
  }
  out.push('', '}  // namespace ewald::indexing::few', '');
  return out.join('\n');
}

/** The text of wgsl/generated/search.wgsl: the same for shaders. */
export function searchShader(): string {
  const out = [`// ${notice('search.ts')}`];
  for (const [name, { value, doc, real }] of Object.entries(allSearch))
    out.push(`const ${upper(name)} = ${real ? realText(value) : `${value}u`}; // ${doc}`);
  const types = { bool: 'bool', real: 'f32', integer: 'u32' };
  for (const table of tables.filter(({ cpp }) => !cpp)) {
    const columns = tableColumns(table);
    const struct = title(table.name);
    out.push('', `// ${table.doc} See src/compute/layout/search.ts.`, `struct ${struct} {`);
    for (const { name, type } of columns) out.push(`  ${snake(name)}: ${types[type]},`);
    out.push('}');
    for (const [i, key] of (table.keys ?? []).entries()) out.push(`const ${upper(key)} = ${i}u;`);
    out.push(`const ${upper(table.name)}S = ${table.rows.length}u;`);
    out.push(
      `fn ${snake(table.name)}_of(i: u32) -> ${struct} {`,
      `  var rows = array<${struct}, ${table.rows.length}>(`,
    );
    for (const row of table.rows) {
      const values = columns.map(({ name, type }) => {
        const value = cell(row, name);
        return type === 'real' ? realText(Number(value)) : type === 'integer' ? `${value}u` : `${value}`;
      });
      out.push(`    ${struct}(${values.join(', ')}),`);
    }
    out.push('  );', '  return rows[i];', '}');
  }
  return `${out.join('\n')}\n`;
}

/**
 * The text of cpp/include/generated/ranges.h: the ranges of an indexer's fields, and structures with their defaults.
 */
export function rangesHeader(): string {
  const indexing = rooms.find(({ name }) => name === 'indexing');
  const structOf = (name: string): Struct => {
    const struct = indexing?.structs?.find((each) => each.name === name);
    if (!struct) throw new EwaldError('Internal', `there is no structure ${name}`);
    return struct;
  };
  const out = [
    `// ${notice('indexing.ts')}`,
    '#pragma once',
    '#include "common/range.h"',
    '#include "generated/layout.h"',
  ];
  out.push('', 'namespace ewald::indexing {', '');
  const table = (of: string, ranges: Readonly<Record<string, Range>>): void => {
    const struct = structOf(of);
    const type = `ewald_${snake(of)}`;
    out.push(`constexpr Range ${snake(of)}_ranges[] = {`);
    for (const [name, { low, high, exclusive, zero }] of Object.entries(ranges)) {
      const field = struct.fields.find((each) => each.name === name);
      if (!field) throw new EwaldError('Internal', `${of} has no field ${name}`);
      out.push(
        `    {"${snake(name)}", offsetof(${type}, ${snake(name)}), ${field.type === 'f32'}, ${low}, ${high}, ` +
          `${exclusive ?? false}, ${zero !== undefined}},`,
      );
    }
    out.push('};');
    const values = struct.fields.map(({ name, type: scalar }) => {
      const { fallback } = ranges[name] ?? { fallback: 0 };
      return scalar === 'f32' ? `${realText(fallback)}f` : `${fallback}`;
    });
    out.push(`constexpr ${type} default_${snake(of)} = {${values.join(', ')}};`, '');
  };
  table('IndexerDescriptor', indexerRanges);
  for (const [name, { high }] of Object.entries(indexerRanges))
    out.push(`constexpr int ${snake(name)}_high = ${high};`);
  out.push(`constexpr int batch_spots_high = ${batchSpotRange.high};`, '');
  table('IndexerParams', thresholdRanges);
  for (const [refinement, defaults] of Object.entries(refinementDefaults))
    for (const [name, value] of Object.entries(defaults ?? {}))
      out.push(`constexpr double default_${snake(name)}_${refinement} = ${realText(value)};`);
  out.push('');
  for (const [name, { low, high }] of Object.entries(proposalRanges)) {
    out.push(`constexpr double ${snake(name)}_low = ${realText(low)}, ${snake(name)}_high = ${realText(high)};`);
  }
  out.push('', '}  // namespace ewald::indexing', '');
  return out.join('\n');
}
