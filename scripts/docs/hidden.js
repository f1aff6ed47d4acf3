// A plugin for typedoc: it hides members of Node's streams that a class overrides, or gives a type, without a doc comment,
// such as `_write`, `on` or a faster `write`. Node's documentation describes these members.
import { Duplex } from 'node:stream';
import { Converter, ReflectionKind } from 'typedoc';

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const member of project.getReflectionsByKind(ReflectionKind.Method | ReflectionKind.Property)) {
      const {
        name,
        comment,
        signatures = [],
      } = /** @type {import('typedoc').DeclarationReflection} */ (member);
      const isCommented = [{ comment }, ...signatures].some(
        ({ comment }) => comment?.inheritedFromParentDeclaration === false,
      );
      const isNodes = name in Duplex.prototype || /^\[(asyncIterator|asyncDispose|accepts)\]$/.test(name);
      if (name.startsWith('_') || (isNodes && !isCommented)) project.removeReflection(member);
    }
  });
}
