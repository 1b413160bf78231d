import type { Context } from 'ewald/udf';

export function digestOf(ctx: Context, file: string, options?: object): Promise<string>;
