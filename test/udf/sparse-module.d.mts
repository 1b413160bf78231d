// biome-ignore lint/suspicious/noExplicitAny: a plain definition, as a module without types has it
export const lit: any;
