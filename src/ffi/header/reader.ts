/** What the parts of the declaration parser need of each other, so that none imports in a circle. */
import type { Token } from './lexer.js';
import type { CType } from './types.js';

/** What attributes say that matters here. */
export interface Attributes {
  packed?: true;
  /** Bytes; of several the strictest, as members have it. */
  align?: number;
  /** The last alignment that was given, as types have it. */
  lastAlign?: number;
  /** The machine mode of an integer or float. */
  mode?: string;
  /** The symbol of a function or variable. */
  symbol?: string;
}

/** The specifiers before the names of a declaration. */
export interface Specifiers {
  readonly type: CType;
  readonly storage: 'typedef' | 'extern' | 'static' | undefined;
  readonly inline: boolean;
  readonly first: Token;
  /** Whether a struct, union or enum was declared: then no name has to follow. */
  readonly tagged: boolean;
  /** What attributes among the specifiers say of everything declared with them. */
  readonly attributes: Attributes;
}

/** What specifiers need of the declarator parser; the two call each other. */
export interface DeclaratorReader {
  declarator(
    base: CType,
    depth: number,
    where: 'field' | 'parameter' | 'declaration',
    attributes?: Attributes,
  ): {
    readonly name: Token | undefined;
    readonly type: CType;
    readonly length?: number | string;
    /** Where an array of open length stands. */
    readonly open?: Token;
  };
  specifiers(depth: number): Specifiers;
  typeName(depth: number): CType;
  /** Whether a declaration can start with this token. */
  startsType(token: Token): boolean;
}
