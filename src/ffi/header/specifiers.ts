/** Declaration specifiers: storage, qualifiers, and the base type with structs and enums defined in place. */
import { readAttributes } from './attributes.js';
import type { Token } from './lexer.js';
import type { Attributes, DeclaratorReader, Specifiers } from './reader.js';
import { passing, type Scope, unsupported } from './scope.js';
import { headerError, typeFile } from './source.js';
import { deepest } from './stream.js';
import { readEnum, readStruct } from './structs.js';
import type { CType, OpaqueName, ScalarName } from './types.js';
import { typeText } from './types.js';

/** The role of a word among specifiers. */
type Role = 'base' | 'const' | 'volatile' | 'storage' | 'inline' | 'nothing' | 'atomic' | 'tag' | 'typeof' | 'refused';
const refused: Record<string, [string, string]> = {
  _Imaginary: ['an imaginary number', 'pass it as a double'],
  _Decimal64: ['a decimal float', 'pass a double'],
  _Thread_local: ['a thread-local variable', 'wrap it in functions'],
  __thread: ['a thread-local variable', 'wrap it in functions'],
};
const wordsOf: Readonly<Record<Role, string>> = {
  base:
    'void char short int long float double signed unsigned _Bool __signed__ __signed __int64 __int128 __float128 ' +
    '_Float16 _Complex __complex__',
  const: 'const __const',
  volatile: 'volatile __volatile__ __volatile',
  storage: 'typedef extern static',
  inline: 'inline __inline __inline__ __forceinline',
  nothing: 'register auto',
  // An atomic scalar is laid out as its type.
  atomic: '_Atomic',
  tag: 'struct union enum',
  typeof: 'typeof __typeof__ __typeof',
  refused: Object.keys(refused).join(' '),
};
const roles: ReadonlyMap<string, Role> = new Map(
  (Object.keys(wordsOf) as Role[]).flatMap((role) => wordsOf[role].split(' ').map((word) => [word, role] as const)),
);
const cxx = new Set(
  'class template namespace using public private constexpr virtual operator friend typename decltype'.split(' '),
);

/** Whether a declaration can start with this token. */
export function startsType(token: Token, scope: Scope): boolean {
  if (token.kind !== 'name') return false;
  const role = roles.get(token.text);
  return role === undefined
    ? scope.type(token.text) !== undefined
    : role === 'base' ||
        role === 'const' ||
        role === 'volatile' ||
        role === 'atomic' ||
        role === 'tag' ||
        role === 'typeof' ||
        role === 'refused';
}

/** Reads the specifiers of a declaration. */
export function readSpecifiers(reader: DeclaratorReader, depth: number): Specifiers {
  const { stream, scope } = reader;
  const first = stream.peek();
  if (depth > deepest) throw headerError(first, `types are nested more than ${deepest} deep`);
  let storage: Specifiers['storage'];
  let inline = false;
  let isConst = false;
  let atomic: Token | undefined;
  let tagged = false;
  let base: CType | undefined;
  const attributes: Attributes = {};
  const basic: Token[] = [];
  reading: for (;;) {
    const token = stream.peek();
    const { text } = token;
    if (token.kind !== 'name') {
      if (!stream.is('[') || !stream.is('[', 1)) break;
      readAttributes(reader, depth, attributes);
      continue;
    }
    const role = roles.get(text);
    switch (role) {
      case 'base':
        if (base) throw headerError(token, `found "${text}" after ${typeText(base)}, expected a name`);
        basic.push(token);
        break;
      case 'const':
        isConst = true;
        break;
      case 'volatile':
      case 'nothing':
        break;
      case 'storage':
        if (storage !== undefined && storage !== text)
          throw headerError(token, `"${text}" follows "${storage}"; expected only one of them`);
        storage = text as 'typedef' | 'extern' | 'static';
        break;
      case 'inline':
        inline = true;
        break;
      case 'atomic':
        atomic = stream.next();
        if (!stream.take('(')) continue;
        base = reader.typeName(depth + 1);
        stream.expect(')', 'after the atomic type');
        continue;
      case 'typeof':
        if (base || basic.length > 0) throw headerError(token, `found "${text}" after a type, expected a name`);
        base = typeOf(reader, depth);
        continue;
      case 'refused': {
        const [what, instead] = refused[text] as [string, string];
        throw passing(unsupported(token, what, instead));
      }
      case 'tag':
        if (base || basic.length > 0) throw headerError(token, `found "${text}" after a type, expected a name`);
        base =
          text === 'enum'
            ? readEnum(reader, depth, storage === 'typedef')
            : readStruct(reader, depth, storage === 'typedef');
        tagged = true;
        continue;
      default: {
        const before = stream.at;
        readAttributes(reader, depth, attributes);
        if (stream.at > before) continue;
        if (base || basic.length > 0) break reading;
        base = scope.type(text);
        if (!base) throw unknownType(token, scope);
      }
    }
    stream.at++;
  }
  let type = base ?? (basic.length > 0 ? basicType(basic) : undefined);
  if (!type) throw stream.unexpected('a type');
  if (atomic) type = atomicOf(type, scope, atomic);
  return { type: isConst ? constant(type) : type, storage, inline, first, tagged, attributes };
}

/** `typeof(T)`, and that of a function, a variable or a constant of an enum; of other expressions it is not known. */
function typeOf(reader: DeclaratorReader, depth: number): CType {
  const { stream, scope } = reader;
  const word = stream.next();
  stream.expect('(', `after ${word.text}`);
  if (startsType(stream.peek(), scope)) {
    const type = reader.typeName(depth + 1);
    stream.expect(')', `after the type of ${word.text}`);
    return type;
  }
  const { text } = stream.peek();
  const isName = stream.peek().kind === 'name' && stream.is(')', 1);
  const { functions, variables } = scope;
  const fn = isName && Object.hasOwn(functions, text) ? functions[text] : undefined;
  const variable = isName && Object.hasOwn(variables, text) ? variables[text] : undefined;
  const constant = isName && scope.enumerator(text) ? ({ kind: 'scalar', name: 'int' } as const) : undefined;
  const type: CType | undefined = fn
    ? { kind: 'function', result: fn.result, parameters: fn.parameters, ...(fn.variadic && { variadic: fn.variadic }) }
    : (variable?.type ?? constant);
  if (!type) throw passing(unsupported(word, 'typeof of an expression', 'write the type out'));
  stream.at += 2;
  return type;
}

/** An atomic type: a struct is aligned to its size where one instruction could read it. */
function atomicOf(type: CType, scope: Scope, place: Token): CType {
  if (type.kind === 'scalar' || type.kind === 'enum' || type.kind === 'pointer') return type;
  const layout = scope.layout(type);
  if (!layout) throw passing(unsupported(place, `an atomic ${typeText(type)}`, 'wrap it in functions'));
  const isWord = [1, 2, 4, 8, 16].includes(layout.size);
  return isWord && layout.align < layout.size ? { ...type, align: layout.size } : type;
}

/** A type made const; of an array, C makes the elements const. */
function constant(type: CType): CType {
  return type.kind === 'array' && !type.vector
    ? { ...type, of: constant(type.of), const: true }
    : { ...type, const: true };
}

function unknownType(token: Token, scope: Scope): Error {
  const { text } = token;
  if (scope.passedNames.has(text)) return passing(headerError(token, `"${text}" is declared in what was passed over`));
  if (cxx.has(text))
    return headerError(token, `"${text}" is C++; this parser reads C, so guard it with #ifdef __cplusplus`);
  const near = scope.nearestType(text);
  const advice = near
    ? `did you mean "${near}"?`
    : token.file.name === typeFile
      ? "types of the C library are those of its headers alone: open that header, { header: 'regex.h', library: 'c' }"
      : "include the header that declares it (--cpp 'cc -E -include stdio.h' in the shell), or define it (--define)";
  return headerError(token, `unknown type name "${text}"; ${advice}`);
}

const basicTypes = new Map<string, CType>();

/** The arithmetic type denoted by a list of words in any order. */
function basicType(list: readonly Token[]): CType {
  const spelled = list.length === 1 ? (list[0] as Token).text : list.map(({ text }) => text).join(' ');
  let type = basicTypes.get(spelled);
  if (!type) {
    type = spelledType(list, spelled);
    basicTypes.set(spelled, type);
  }
  return type;
}

function spelledType(list: readonly Token[], spelled: string): CType {
  const [first] = list as readonly [Token];
  const names = list.map(({ text }) =>
    text === '_Bool' ? 'bool' : text.startsWith('__signed') ? 'signed' : text === '__complex__' ? '_Complex' : text,
  );
  const count = (name: string): number => names.filter((word) => word === name).length;
  const longs = count('long') + 2 * count('__int64');
  const sign = count('unsigned') > 0 ? 'unsigned' : count('signed') > 0 ? 'signed' : '';
  const bases = names.filter((word) => !['long', 'unsigned', 'signed', 'int', 'short', '__int64'].includes(word));
  const wrong = (): Error => headerError(first, `"${spelled}" is not a type`);
  if (
    bases.length - Math.min(1, count('_Complex')) > 1 ||
    count('int') > 1 ||
    count('short') > 1 ||
    longs > 2 ||
    count('unsigned') + count('signed') > 1
  )
    throw wrong();
  if (count('_Complex') > 0) {
    const [part = 'double'] = bases.filter((word) => word !== '_Complex');
    if (!['float', 'double'].includes(part) || longs > (part === 'double' ? 1 : 0) || sign || count('int') > 0)
      throw wrong();
    return { kind: 'opaque', name: `${longs > 0 ? 'long double' : part} _Complex` as OpaqueName };
  }
  const [base] = bases;
  if (base !== undefined) {
    if (base === 'double' && longs === 1 && names.length === 2) return { kind: 'opaque', name: 'long double' };
    if (base === '__int128' && names.length === (sign ? 2 : 1))
      return { kind: 'opaque', name: sign === 'unsigned' ? 'unsigned __int128' : '__int128' };
    if ((base === '__float128' || base === '_Float16') && names.length === 1) return { kind: 'opaque', name: base };
    if (longs > 0 || count('int') > 0 || count('short') > 0) throw wrong();
    if (base === 'char') return { kind: 'scalar', name: (sign ? `${sign} char` : 'char') as ScalarName };
    if (sign) throw wrong();
    return base === 'void' ? { kind: 'void' } : { kind: 'scalar', name: base as ScalarName };
  }
  if (longs > 0 && count('short') > 0) throw wrong();
  const size = count('short') > 0 ? 'short' : longs === 2 ? 'long long' : longs === 1 ? 'long' : 'int';
  return { kind: 'scalar', name: (sign === 'unsigned' ? `unsigned ${size}` : size) as ScalarName };
}
