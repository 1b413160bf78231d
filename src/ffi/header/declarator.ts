/** Declarators: pointers, arrays, functions and the name between them, read from the inside out as C requires. */
import { inMode, readAttributes, vectorOf } from './attributes.js';
import { integerConstant } from './constant-expressions.js';
import { product, variableLength } from './lengths.js';
import type { Token } from './lexer.js';
import type { Attributes, DeclaratorReader, Specifiers } from './reader.js';
import { type Scope, unsupported } from './scope.js';
import { headerError } from './source.js';
import { readSpecifiers, startsType } from './specifiers.js';
import { deepest, type TokenStream } from './stream.js';
import { type CParameter, type CType, typeText } from './types.js';

type Where = 'field' | 'parameter' | 'declaration' | 'type name';

/**
 * The type that a declarator forms from a base type. `open` is the length of the outermost array if the caller
 * determines it.
 */
interface Shape {
  readonly name: Token | undefined;
  readonly apply: (base: CType) => CType;
}

type Suffix =
  | {
      readonly place: Token;
      readonly length: number | string | undefined;
      readonly isVariable?: boolean;
      readonly isStatic?: boolean;
    }
  | { readonly place: Token; readonly parameters: readonly CParameter[]; readonly variadic: boolean };

/** An array whose length is not a constant keeps it here until a parameter becomes a pointer. */
const openLengths = new WeakMap<CType, OpenLength>();

/** What may stand before the length of a parameter's array. */
const arrayWords = ['static', 'const', 'restrict', '__restrict', '__restrict__', 'volatile'];

/** Arrays whose length is `static`, until a parameter becomes a pointer. */
const statics = new WeakSet<CType>();

interface OpenLength {
  readonly length: number | string | undefined;
  readonly place: Token;
  /** Whether it is known when the function is called only. */
  readonly isVariable: boolean;
  /** The length of a row of an array of arrays of variable length. */
  readonly row?: number | string | undefined;
}

/** What an array of variable length consists of; `a[n][m]` is its numbers one after the other. */
const elementsOf = (type: CType): CType | undefined =>
  type.kind === 'array' && openLengths.get(type)?.isVariable ? type.of : undefined;

export class Declarators implements DeclaratorReader {
  readonly stream: TokenStream;
  readonly scope: Scope;
  readonly #allowVarargs: boolean;

  constructor(stream: TokenStream, scope: Scope, allowVarargs: boolean) {
    this.stream = stream;
    this.scope = scope;
    this.#allowVarargs = allowVarargs;
  }

  declarator(
    base: CType,
    depth: number,
    where: Where,
    attributes: Attributes = {},
  ): {
    name: Token | undefined;
    type: CType;
    length?: number | string;
    row?: number | string;
    static?: true;
    open?: Token;
  } {
    const start = this.stream.peek();
    const { name, apply } = this.#shape(depth, where, attributes);
    const type = vectorOf(apply(inMode(base, attributes, this)), attributes, this);
    if (where !== 'parameter') {
      const open = openLengths.get(type);
      if (open?.isVariable) throw unsupported(open.place, 'an array of variable length', 'give it a constant length');
      return open ? { name, type, open: open.place } : { name, type };
    }
    if (type.kind === 'void') {
      throw headerError(name ?? start, 'a parameter cannot be void; was a * meant?');
    }
    if (type.kind === 'function') return { name, type: { kind: 'pointer', to: type } };
    const elements = type.kind === 'pointer' ? elementsOf(type.to) : undefined;
    if (elements && type.kind === 'pointer') {
      const row = openLengths.get(type.to)?.length;
      return { name, type: { kind: 'pointer', to: elements }, ...(row === undefined ? {} : { row }) };
    }
    if (type.kind === 'array' && !type.vector) {
      const open = openLengths.get(type);
      const pointer: CType = { kind: 'pointer', to: type.of };
      const length = open ? open.length : type.length;
      if (length === undefined)
        return open?.row === undefined ? { name, type: pointer } : { name, type: pointer, row: open.row };
      return statics.has(type) ? { name, type: pointer, length, static: true } : { name, type: pointer, length };
    }
    return { name, type };
  }

  specifiers(depth: number): Specifiers {
    return readSpecifiers(this, depth);
  }

  startsType(token: Token): boolean {
    return startsType(token, this.scope);
  }

  /** A type without a name, as in casts and sizeof. */
  typeName(depth: number): CType {
    const { type } = this.specifiers(depth);
    const declared = this.declarator(type, depth, 'type name');
    if (declared.name) throw headerError(declared.name, `found "${declared.name.text}", expected a type alone`);
    return declared.type;
  }

  #shape(depth: number, where: Where, attributes: Attributes): Shape {
    const stream = this.stream;
    if (depth > deepest) throw headerError(stream.peek(), `declarators are nested more than ${deepest} deep`);
    const pointers: boolean[] = [];
    readAttributes(this, depth, attributes);
    while (stream.is('*') || stream.is('&') || stream.is('^')) {
      if (!stream.is('*')) throw headerError(stream.peek(), 'a reference is C++; pass a pointer');
      stream.next();
      let isConst = false;
      for (;;) {
        this.#ofPointer(depth, where);
        if (stream.take('const') || stream.take('__const')) isConst = true;
        else if (!['volatile', '__volatile__', '_Atomic'].some((word) => stream.take(word))) break;
      }
      pointers.push(isConst);
      if (pointers.length > deepest) throw headerError(stream.peek(), `more than ${deepest} levels of pointers`);
    }
    let inner: Shape | undefined;
    let name: Token | undefined;
    if (stream.is('(') && this.#nested()) {
      stream.next();
      inner = this.#shape(depth + 1, where, attributes);
      stream.expect(')', 'after the declarator');
      name = inner.name;
    } else if (stream.peek().kind === 'name' && where !== 'type name') {
      name = stream.next();
    }
    const suffixes: Suffix[] = [];
    for (;;) {
      if (stream.is('[') && !stream.is('[', 1)) suffixes.push(this.#array(depth, where));
      else if (stream.is('(')) suffixes.push(this.#function(depth));
      else break;
      if (suffixes.length > deepest) throw headerError(stream.peek(), `more than ${deepest} dimensions`);
    }
    readAttributes(this, depth, attributes);
    const apply = (base: CType): CType => {
      let type = base;
      for (const isConst of pointers)
        type = isConst ? { kind: 'pointer', to: type, const: true } : { kind: 'pointer', to: type };
      for (const suffix of suffixes.toReversed()) type = wrap(suffix, type);
      return inner ? inner.apply(type) : type;
    };
    return { name, apply };
  }

  /** Attributes after a star apply to the pointer; the layout of pointers never changes. */
  #ofPointer(depth: number, where: Where): void {
    const place = this.stream.peek();
    const { align, mode } = readAttributes(this, depth);
    if ((align !== undefined || mode !== undefined) && where !== 'parameter')
      throw unsupported(place, 'an alignment of a pointer type', 'give the member the alignment, behind its name');
  }

  /** Whether a parenthesis contains a declarator, and not the parameters of a function without a name. */
  #nested(): boolean {
    const token = this.stream.peek(1);
    if (token.kind === 'punctuator')
      return token.text === '*' || token.text === '(' || token.text === '^' || token.text === '&';
    return token.kind === 'name' && !this.startsType(token);
  }

  #array(depth: number, where: Where): Suffix {
    const stream = this.stream;
    const place = stream.next();
    let isStatic = false;
    while (arrayWords.some((word) => stream.is(word))) isStatic = stream.next().text === 'static' || isStatic;
    let length: number | string | undefined;
    if (stream.is('*') && stream.is(']', 1)) {
      stream.next();
    } else if (!stream.is(']')) {
      const token = stream.peek();
      if (token.kind === 'name' && stream.is(']', 1) && this.scope.enumerator(token.text) === undefined) {
        length = stream.next().text;
      } else if (where === 'parameter' && this.#isVariable()) {
        return { place, length: this.#variable(), isVariable: true };
      } else {
        const value = integerConstant(this, depth + 1);
        if (value < 0n || value > 2n ** 31n)
          throw headerError(token, `an array of ${value} elements; expected 0 to 2147483648`);
        length = Number(value);
      }
    }
    stream.expect(']', 'after the length of the array');
    return { place, length, isStatic };
  }

  /** Whether a length is computed from parameters, as `n * m` is. */
  #isVariable(): boolean {
    const stream = this.stream;
    let open = 0;
    let isVariable = false;
    for (let count = 0; open > 0 || !stream.is(']', count); count++) {
      const token = stream.peek(count);
      if (token.kind === 'end') return false;
      if (token.text === '[' || token.text === '(') open++;
      if (token.text === ']' || token.text === ')') open--;
      if (token.kind === 'name' && token.text === 'sizeof') return false;
      if (token.kind === 'name' && !this.startsType(token) && this.scope.enumerator(token.text) === undefined)
        isVariable = true;
    }
    return isVariable;
  }

  /** Reads a length that is computed from parameters, up to the bracket; undefined for what is not computed here. */
  #variable(): string | undefined {
    const stream = this.stream;
    const words: string[] = [];
    for (let open = 0; open > 0 || !stream.is(']'); ) {
      const { kind, text } = stream.next();
      if (text === '[' || text === '(') open++;
      if (text === ']' || text === ')') open--;
      const known = kind === 'name' ? this.scope.enumerator(text) : undefined;
      words.push(known === undefined ? text : `(${known})`);
    }
    stream.next();
    const length = words.join(' ');
    return variableLength(length) && length;
  }

  #function(depth: number): Suffix {
    const stream = this.stream;
    const place = stream.next();
    const parameters: CParameter[] = [];
    const places: Token[] = [];
    let variadic = false;
    if (stream.is('void') && stream.is(')', 1)) stream.next();
    while (!stream.is(')')) {
      const token = stream.peek();
      if (stream.is('...')) {
        if (!this.#allowVarargs)
          throw unsupported(
            token,
            'a function with varargs (...)',
            'wrap it in one with fixed parameters, or pass allowVarargs',
          );
        if (parameters.length === 0) throw headerError(token, '"..." needs a parameter before it');
        stream.next();
        variadic = true;
        break;
      }
      this.#oldStyle(token);
      const { type: base, storage, attributes } = this.specifiers(depth + 1);
      if (storage) throw headerError(token, `a parameter cannot be ${storage}`);
      const { name, type, ...array } = this.declarator(base, depth + 1, 'parameter', attributes);
      if (name && parameters.some((parameter) => parameter.name === name.text))
        throw headerError(name, `the parameter ${name.text} is declared twice`);
      parameters.push({ name: name?.text ?? '', type, ...array });
      places.push(name ?? token);
      if (parameters.length > 255) throw headerError(token, 'more than 255 parameters');
      if (!stream.take(',')) break;
      if (stream.is(')')) throw stream.unexpected('a parameter after ","');
    }
    stream.expect(')', 'after the parameters');
    const isCounter = (length: string): boolean =>
      parameters.some(({ name, type }) => name === length && type.kind === 'scalar');
    parameters.forEach(({ length, row, ...parameter }, i) => {
      const isKnown = [length, row].every(
        (one) => typeof one !== 'string' || variableLength(one)?.names.every(isCounter),
      );
      if (isKnown) return;
      // What is computed from anything but parameters is not checked.
      if (typeof length !== 'string' || !/^\w+$/.test(length)) parameters[i] = parameter;
      else {
        throw headerError(
          places[i] as Token,
          `the length "${length}" of this array is neither a constant nor an integer parameter`,
        );
      }
    });
    return { place, parameters, variadic };
  }

  /** Refuses K&R definitions, which list parameter names first and their types after the parenthesis. */
  #oldStyle(token: Token): void {
    const stream = this.stream;
    if (token.kind !== 'name' || this.startsType(token) || !(stream.is(',', 1) || stream.is(')', 1))) return;
    let ahead = 1;
    while (!stream.is(')', ahead) && stream.peek(ahead).kind !== 'end') ahead++;
    if (this.startsType(stream.peek(ahead + 1)))
      throw unsupported(token, 'an old-style (K&R) definition', 'write the types between the parentheses');
  }
}

function wrap(suffix: Suffix, of: CType): CType {
  const { place } = suffix;
  if ('parameters' in suffix) {
    if (of.kind === 'function' || (of.kind === 'array' && !of.vector))
      throw headerError(
        place,
        `a function cannot return ${of.kind === 'array' ? 'an array' : 'a function'}; a pointer to it can be returned`,
      );
    const { parameters, variadic } = suffix;
    return variadic
      ? { kind: 'function', result: of, parameters, variadic }
      : { kind: 'function', result: of, parameters };
  }
  if (of.kind === 'function' || of.kind === 'void')
    throw headerError(place, `an array of ${of.kind === 'void' ? 'void' : 'functions'} is not a type`);
  const { length } = suffix;
  const isVariable = suffix.isVariable ?? typeof length === 'string';
  const elements = elementsOf(of);
  if (elements) {
    const all: CType = { kind: 'array', of: elements, length: 0 };
    const row = openLengths.get(of)?.length;
    openLengths.set(all, { length: product(length, row), row, place, isVariable: true });
    return all;
  }
  if (openLengths.has(of))
    throw headerError(place, `only the outermost dimension may be left open; ${typeText(of)} needs a constant length`);
  const type: CType = { kind: 'array', of, length: typeof length === 'number' ? length : 0 };
  if (suffix.isStatic) statics.add(type);
  if (typeof length !== 'number') openLengths.set(type, { length, place, isVariable });
  return type;
}
