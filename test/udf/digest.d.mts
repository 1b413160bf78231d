import type { AnyUdf, Context, ResultBuffer } from 'ewald/udf';

export function udfs(): AnyUdf[];
export function digestOf(ctx: Context, file: string, options?: object, more?: readonly AnyUdf[]): Promise<string>;
export function digest(results: readonly Readonly<Record<string, ResultBuffer>>[]): string;
export function writeSparse(file: string): Promise<void>;
