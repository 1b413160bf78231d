/**
 * The optional members of everything that users pass in, and the classes of what they receive, found by following the
 * public declarations: what a function takes is input, what it returns is output, and the functions of an output take
 * input again.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './support.js';

// TypeScript 7 has no interface for programs.
const ts = createRequire(import.meta.url)('typescript-5.4') as typeof import('typescript-5.4');
type Type = import('typescript-5.4').Type;
type Signature = import('typescript-5.4').Signature;

/** An optional member of an input: the file and name of its declaration. */
export interface OptionalMember {
  readonly name: string;
  readonly acceptsUndefined: boolean;
}

/** A class whose instances are returned; `hasPlain`: with `toPlain`; `isHeld`: they are disposed of or closed. */
export interface ReturnedClass {
  readonly name: string;
  readonly hasPlain: boolean;
  readonly isHeld: boolean;
}

/** The optional members of all inputs, and the classes of all outputs, in the order of their names. */
export function publicTypes(): { readonly members: OptionalMember[]; readonly classes: ReturnedClass[] } {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = [...JSON.stringify(exports).matchAll(/dist\/types\/[\w./-]+\.d\.ts/g)].map(([path]) =>
    join(root, path),
  );
  const program = ts.createProgram(entries, {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    types: [],
  });
  const checker = program.getTypeChecker();
  const seen = { input: new Set<Type>(), output: new Set<Type>() };
  const instances = { input: new Set<Type>(), output: new Set<Type>() };
  const found = new Map<string, OptionalMember>();
  const classes = new Map<string, ReturnedClass>();
  const home = join(root, 'dist/types/');

  function followSignature(signature: Signature, place: 'input' | 'output'): void {
    const other = place === 'output' ? 'input' : 'output';
    for (const parameter of signature.getParameters()) follow(checker.getTypeOfSymbol(parameter), other);
    follow(signature.getReturnType(), place);
  }

  function follow(type: Type, place: 'input' | 'output'): void {
    if (seen[place].has(type)) return;
    seen[place].add(type);
    if (type.isUnionOrIntersection()) for (const part of type.types) follow(part, place);
    for (const argument of checker.getTypeArguments(type as import('typescript-5.4').TypeReference) ?? [])
      follow(argument, place);
    const constraint = type.isTypeParameter() ? type.getConstraint() : undefined;
    if (constraint) follow(constraint, place);
    // A method that returns its own class with another argument would make instances without end: one of them is enough.
    const { target } = type as import('typescript-5.4').TypeReference;
    if (target && target !== type) {
      if (instances[place].has(target)) return;
      instances[place].add(target);
    }
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()])
      followSignature(signature, place);
    const { valueDeclaration } = type.symbol ?? {};
    // A class itself is no instance; what the compiler hides from users is followed for its inputs only.
    if (place === 'output' && type.isClass() && valueDeclaration?.getSourceFile().fileName.startsWith(home)) {
      const has = (...names: string[]): boolean => names.some((name) => type.getProperty(name) !== undefined);
      const name = type.symbol.name;
      classes.set(name, { name, hasPlain: has('toPlain'), isHeld: has('dispose', 'close', 'free') });
    }
    for (const member of type.getProperties()) {
      const declaration = member.declarations?.[0];
      const file = declaration?.getSourceFile().fileName ?? '';
      if (!declaration || !file.startsWith(home)) continue;
      const own = checker.getTypeOfSymbol(member);
      // The members of Partial<…> have no question marks themselves.
      const isWritten = (declaration as { readonly questionToken?: unknown }).questionToken !== undefined;
      if (place === 'input' && isWritten && member.flags & ts.SymbolFlags.Optional) {
        const parent = (declaration.parent as { readonly name?: import('typescript-5.4').Node }).name?.getText() ?? '';
        const name = `${file.slice(home.length).replace('.d.ts', '')}: ${parent}.${member.name}`;
        found.set(name, { name, acceptsUndefined: accepts(declaration) });
      }
      follow(own, place);
    }
  }

  /** Whether the declaration, and not only the question mark, says `undefined`. */
  function accepts(declaration: import('typescript-5.4').Declaration): boolean {
    if (!ts.isPropertySignature(declaration) || !declaration.type) return false;
    const written = checker.getTypeFromTypeNode(declaration.type);
    const parts = written.isUnion() ? written.types : [written];
    return parts.some(({ flags }) => flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Any | ts.TypeFlags.Unknown));
  }

  for (const entry of entries) {
    const file = program.getSourceFile(entry);
    const module = file && checker.getSymbolAtLocation(file);
    for (const symbol of module ? checker.getExportsOfModule(module) : []) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      if (target.flags & ts.SymbolFlags.Value) follow(checker.getTypeOfSymbol(target), 'output');
    }
  }
  const sorted = <T extends { readonly name: string }>(all: Map<string, T>): T[] =>
    [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { members: sorted(found), classes: sorted(classes) };
}
