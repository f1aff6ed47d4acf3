// A plugin for typedoc: leaves the methods out that only a stream's base class calls, such as `_write`.
import { Converter, ReflectionKind } from 'typedoc';

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const method of project.getReflectionsByKind(ReflectionKind.Method)) {
      if (method.name.startsWith('_')) project.removeReflection(method);
    }
  });
}
