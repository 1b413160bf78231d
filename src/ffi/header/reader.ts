/** The interfaces between the parts of the declaration parser, which avoid import cycles. */
import type { Token } from './lexer.js';
import type { Scope } from './scope.js';
import type { TokenStream } from './stream.js';
import type { CType } from './types.js';

/** The attributes that are relevant here. */
export interface Attributes {
  packed?: true;
  /** Alignment in bytes; of several the strictest, as for members. */
  align?: number;
  /** The last of several alignments, as for types. */
  lastAlign?: number;
  /** The machine mode of an integer or float. */
  mode?: string;
  /** Bytes of a vector of the type, or its elements. */
  vector?: { readonly bytes?: number; readonly elements?: number; readonly place: Token };
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
  /** Attributes among the specifiers, which apply to everything declared with them. */
  readonly attributes: Attributes;
}

/** The declarator parser as used by the specifiers; the two call each other. */
export interface DeclaratorReader {
  readonly stream: TokenStream;
  readonly scope: Scope;
  declarator(
    base: CType,
    depth: number,
    where: 'field' | 'parameter' | 'declaration',
    attributes?: Attributes,
  ): {
    readonly name: Token | undefined;
    readonly type: CType;
    readonly length?: number | string;
    /** The token of an array of open length. */
    readonly open?: Token;
  };
  specifiers(depth: number): Specifiers;
  typeName(depth: number): CType;
  /** Whether a declaration can start with this token. */
  startsType(token: Token): boolean;
}
