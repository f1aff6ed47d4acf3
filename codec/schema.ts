/** The types of the fields that the generated {@link message}s describe. */
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

/** What `codec/generated/schema.ts` says of a message. */
export interface MessageSchema {
  readonly fields: readonly Field[];
  /**
   * By field number, what a length-delimited field contains that has to be checked: UTF-8, or a message. The walk
   * looks here for each field of each message.
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
