/** The script of pages of numbers, which lies beside the scripts of the package. */
import { readFile } from 'node:fs/promises';

export const numbersScript = (): Promise<string> => readFile(new URL('./results-page.js', import.meta.url), 'utf8');
