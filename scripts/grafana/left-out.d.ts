export const LEFT_OUT: Readonly<Record<string, string>>;
