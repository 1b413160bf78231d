/**
 * Writers of the generated layouts: C/C++/CUDA and WGSL. `scripts/layout.mjs` puts the text into the tree and checks
 * that it is fresh.
 */
import { efforts, indexingConstants, mostOf, turboEffort } from './indexing.js';
import { constants, enums, type Scalar, type Struct, structs } from './layout.js';
import { sizeOf, wordOf } from './struct.js';

const snake = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
const upper = (name: string): string => snake(name).toUpperCase();
const notice = 'Generated from src/layout/layout.ts by `npm run layout`. Do not edit.';
const indexingNotice = 'Generated from src/layout/indexing.ts by `npm run layout`. Do not edit.';
const cType: Record<Scalar, string> = { u32: 'uint32_t', i32: 'int32_t', f32: 'float' };

/** The text of cpp/include/generated/layout.h: C structs with static offset checks, enums and constants. */
export function cHeader(): string {
  const out: string[] = [
    `/* ${notice} */`,
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
  for (const [name, value] of Object.entries(constants)) out.push(`#define EWALD_${upper(name)} ${cConstant(value)}`);
  for (const [name, values] of Object.entries(enums)) {
    const rows = Object.entries(values).map(([key, value]) => `  EWALD_${upper(name)}_${upper(key)} = ${value}`);
    out.push('', `typedef enum ewald_${snake(name)} {`, rows.join(',\n'), `} ewald_${snake(name)};`);
  }
  for (const struct of structs) out.push('', ...cStruct(struct));
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
    out.push(`  ${cType[field.type]} ${snake(field.name)}${field.count ? `[${field.count}]` : ''}; /* ${field.doc} */`);
  out.push(`} ${name};`, `EWALD_STATIC_ASSERT(sizeof(${name}) == ${sizeOf(struct)}, "layout of ${name}");`);
  for (const field of struct.fields) {
    out.push(
      `EWALD_STATIC_ASSERT(offsetof(${name}, ${snake(field.name)}) == ${wordOf(struct, field.name) * 4}, "layout of ${name}.${snake(field.name)}");`,
    );
  }
  return out;
}

// Words that WGSL keeps for itself get an underscore.
const wgslName = (name: string): string => (name === 'precision' ? `${name}_` : snake(name));

/** The text of wgsl/generated/layout.wgsl: the same structs, enums and constants for shaders. */
export function wgslHeader(): string {
  const out: string[] = [`// ${notice}`];
  for (const [name, value] of Object.entries(constants)) {
    out.push(
      Number.isInteger(value) ? `const ${upper(name)}: u32 = ${value}u;` : `const ${upper(name)}: f32 = ${value};`,
    );
  }
  for (const [name, values] of Object.entries(enums)) {
    for (const [key, value] of Object.entries(values)) out.push(`const ${upper(name)}_${upper(key)}: u32 = ${value}u;`);
  }
  for (const struct of structs) {
    out.push('', `// ${struct.doc}`, `struct ${struct.name} {`);
    for (const field of struct.fields)
      out.push(
        `  ${wgslName(field.name)}: ${field.count ? `array<${field.type}, ${field.count}>` : field.type}, // ${field.doc}`,
      );
    out.push('}');
  }
  return `${out.join('\n')}\n`;
}

const effortNames = Object.keys(efforts[0] ?? {}) as (keyof (typeof efforts)[number])[];
// Constants and what follows from the table of efforts, in the order of the headers.
const indexingValues = {
  ...indexingConstants,
  turboEffort: { value: turboEffort, doc: 'where the efforts of turbo begin' },
  mostEffortDirections: { value: mostOf('directions'), doc: 'of any effort' },
  mostEffortCandidates: { value: mostOf('candidates'), doc: 'of any effort' },
  mostEffortHits: { value: mostOf('hits'), doc: 'of any effort' },
  mostEffortJudged: { value: mostOf('judged'), doc: 'of any effort' },
};
const isReal = (name: string, value: unknown): boolean =>
  name === 'share' || (typeof value === 'object' && value !== null && 'real' in value);
const realText = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : `${value}`);

/**
 * The text of cpp/include/generated/indexing.h: the constants, and the table of efforts as text that C++ and CUDA make
 * an array of.
 */
export function indexingHeader(): string {
  const out = [`// ${indexingNotice}`, '#pragma once', '', 'namespace ewald::indexing {', ''];
  for (const [name, entry] of Object.entries(indexingValues)) {
    const value = isReal(name, entry)
      ? `double ${snake(name)} = ${realText(entry.value)}`
      : `int ${snake(name)} = ${entry.value}`;
    out.push(`// ${entry.doc}`, `constexpr ${value};`);
  }
  const type = (name: string, value: unknown): string =>
    typeof value === 'boolean' ? 'bool' : isReal(name, value) ? 'double' : 'int';
  out.push('', '// One effort of the fast method; see src/layout/indexing.ts.', 'struct Effort {');
  for (const name of effortNames) out.push(`  ${type(name, efforts[0]?.[name])} ${snake(name)};`);
  out.push('};', '');
  const rows = efforts.map((effort) => `  {${effortNames.map((name) => `${effort[name]}`).join(', ')}}`);
  out.push(`#define EWALD_INDEXING_EFFORTS \\`, rows.join(', \\\n'), '', '}  // namespace ewald::indexing', '');
  return out.join('\n');
}

/** The text of wgsl/generated/indexing.wgsl: the same for shaders. */
export function indexingShader(): string {
  const out = [`// ${indexingNotice}`];
  for (const [name, entry] of Object.entries(indexingValues)) {
    out.push(
      `const ${upper(name)} = ${isReal(name, entry) ? realText(entry.value) : `${entry.value}u`}; // ${entry.doc}`,
    );
  }
  const type = (name: string, value: unknown): string =>
    typeof value === 'boolean' ? 'bool' : isReal(name, value) ? 'f32' : 'u32';
  out.push('', '// One effort of the fast method; see src/layout/indexing.ts.', 'struct Effort {');
  for (const name of effortNames) out.push(`  ${snake(name)}: ${type(name, efforts[0]?.[name])},`);
  out.push('}', 'fn effort_of(k: u32) -> Effort {', `  var efforts = array<Effort, ${efforts.length}>(`);
  for (const effort of efforts) {
    const values = effortNames.map((name) =>
      typeof effort[name] === 'boolean' || isReal(name, effort[name]) ? `${effort[name]}` : `${effort[name]}u`,
    );
    out.push(`    Effort(${values.join(', ')}),`);
  }
  out.push('  );', '  return efforts[k];', '}', '');
  return out.join('\n');
}
