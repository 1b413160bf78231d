export declare const codecs: readonly string[];
export declare function fuzzer(): string | undefined;
export declare function buildDriver(compiler: string, folder?: string): Promise<string>;
export declare function fuzz(driver: string, codec: number, seconds: number): Promise<number>;
