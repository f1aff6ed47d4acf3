/** A field of a message. */
export interface Field {
  readonly number: number;
  /** In `proto/`. */
  readonly name: string;
  /** In JavaScript. */
  readonly property: string;
  /** A scalar type of protobuf, `enum`, or the schema of a message. */
  readonly type: string | MessageSchema;
  readonly repeated: boolean;
}

/** A message of `proto/`. `codec/generated/schema.ts` contains one of these for each. */
export interface MessageSchema {
  readonly fields: readonly Field[];
  /**
   * What the walk must check in the content of a field: text or a message. The index is the field number,
   * because the walk reads this for each field that it finds.
   */
  readonly checked: readonly (typeof TEXT | MessageSchema | undefined)[];
}

export const TEXT = 'string';

export function message(fields: readonly Field[]): MessageSchema {
  const checked: (typeof TEXT | MessageSchema | undefined)[] = [];
  for (const { number, type } of fields) {
    if (type === TEXT || typeof type === 'object') checked[number] = type;
  }
  return { fields, checked };
}
