import type { AnyUdf, Context, ResultBuffer } from 'ewald/udf';

export function udfs(): AnyUdf[];
export function digestOf(ctx: Context, file: string, options?: object, more?: readonly AnyUdf[]): Promise<string>;
export const joinedShape: { readonly navShape: readonly number[]; readonly sigShape: readonly number[] };
export function joinedDigest(ctx: Context, file: string, steps?: [number, number][]): Promise<string>;
export function digest(results: readonly Readonly<Record<string, ResultBuffer>>[]): string;
export function writeSparse(file: string): Promise<void>;
