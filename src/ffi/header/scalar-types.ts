/** The arithmetic types of C: how a value of each is kept on a data model. */
import { type DataModel, longBytes, pointerBytes } from '../../memory/model.js';

/** The representation of a scalar in memory. */
export interface ScalarLayout {
  readonly kind: 'bool' | 'signed' | 'unsigned' | 'float';
  readonly size: 1 | 2 | 4 | 8;
}

/** The kind of each scalar, and its bytes or the type whose size it has. */
const scalars = {
  bool: ['bool', 1],
  char: ['signed', 1],
  'signed char': ['signed', 1],
  'unsigned char': ['unsigned', 1],
  short: ['signed', 2],
  'unsigned short': ['unsigned', 2],
  int: ['signed', 4],
  'unsigned int': ['unsigned', 4],
  long: ['signed', 'long'],
  'unsigned long': ['unsigned', 'long'],
  'long long': ['signed', 8],
  'unsigned long long': ['unsigned', 8],
  int8_t: ['signed', 1],
  uint8_t: ['unsigned', 1],
  int16_t: ['signed', 2],
  uint16_t: ['unsigned', 2],
  int32_t: ['signed', 4],
  uint32_t: ['unsigned', 4],
  int64_t: ['signed', 8],
  uint64_t: ['unsigned', 8],
  size_t: ['unsigned', 'pointer'],
  ssize_t: ['signed', 'pointer'],
  ptrdiff_t: ['signed', 'pointer'],
  intptr_t: ['signed', 'pointer'],
  uintptr_t: ['unsigned', 'pointer'],
  wchar_t: ['signed', 4],
  char16_t: ['unsigned', 2],
  char32_t: ['unsigned', 4],
  float: ['float', 4],
  double: ['float', 8],
} as const satisfies Record<string, readonly [ScalarLayout['kind'], ScalarLayout['size'] | 'long' | 'pointer']>;

/** The arithmetic types, spelled as C spells them. */
export type ScalarName = keyof typeof scalars;

/** The types that stddef.h and stdint.h declare, and `ssize_t`. */
export const namedScalars = (Object.keys(scalars) as ScalarName[]).filter((name) => name.endsWith('_t'));

/** The layout of a scalar on a target. */
export function scalarLayout(name: ScalarName, model: DataModel): ScalarLayout {
  if (name === 'wchar_t' && model === 'llp64') return { kind: 'unsigned', size: 2 };
  const [kind, size] = scalars[name];
  return { kind, size: size === 'long' ? longBytes[model] : size === 'pointer' ? pointerBytes[model] : size };
}

/** The plain C type of a named one, so that `int32_t` and `int` agree. */
export function underlying(name: ScalarName, model: DataModel): string {
  if (!name.endsWith('_t')) return name;
  const { kind, size } = scalarLayout(name, model);
  if (size === 1) return `${kind} char`;
  const isLong = size === 8 ? model === 'lp64' : model === 'wasm32' && /^s?size_t$/.test(name);
  const plain = isLong ? 'long' : size === 8 ? 'long long' : size === 4 ? 'int' : 'short';
  return kind === 'unsigned' ? `unsigned ${plain}` : plain;
}
