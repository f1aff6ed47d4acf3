// Made by `npm run generate` from proto/. Do not edit.
/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError, $Array = $util.global.Array;

// Exported root namespace
const $root = $protobuf.roots["boundary-log-proxy"] || ($protobuf.roots["boundary-log-proxy"] = {});

export const coder = $root.coder = (() => {

    /**
     * Namespace coder.
     * @exports coder
     * @namespace
     */
    const coder = {};

    coder.boundarylogproxy = (function() {

        /**
         * Namespace boundarylogproxy.
         * @memberof coder
         * @namespace
         */
        const boundarylogproxy = {};

        boundarylogproxy.codec = (function() {

            /**
             * Namespace codec.
             * @memberof coder.boundarylogproxy
             * @namespace
             */
            const codec = {};

            codec.v1 = (function() {

                /**
                 * Namespace v1.
                 * @memberof coder.boundarylogproxy.codec
                 * @namespace
                 */
                const v1 = {};

                v1.BoundaryMessage = (function() {

                    /**
                     * Properties of a BoundaryMessage.
                     * @typedef {Object} coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties
                     * @property {coder.agent.v2.ReportBoundaryLogsRequest.$Properties|null} [logs] BoundaryMessage logs
                     * @property {coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties|null} [status] BoundaryMessage status
                     * @property {"logs"|"status"} [msg] BoundaryMessage msg
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */

                    /**
                     * Properties of a BoundaryMessage.
                     * @memberof coder.boundarylogproxy.codec.v1
                     * @interface IBoundaryMessage
                     * @augments coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties
                     * @deprecated Use coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties instead.
                     */

                    /**
                     * Narrowed shape of a BoundaryMessage.
                     * @typedef {{
                     *   logs?: coder.agent.v2.ReportBoundaryLogsRequest.$Shape|null;
                     *   status?: coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape|null;
                     *   $unknowns?: Array.<Uint8Array>;
                     * } & (
                     *   ({ msg?: undefined; logs?: null; status?: null }|{ msg?: "logs"; logs: coder.agent.v2.ReportBoundaryLogsRequest.$Shape; status?: null }|{ msg?: "status"; logs?: null; status: coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape })
                     * )} coder.boundarylogproxy.codec.v1.BoundaryMessage.$Shape
                     */

                    /**
                     * Constructs a new BoundaryMessage.
                     * @memberof coder.boundarylogproxy.codec.v1
                     * @classdesc Represents a BoundaryMessage.
                     * @constructor
                     * @param {coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties=} [properties] Properties to set
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */
                    const BoundaryMessage = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    /**
                     * BoundaryMessage logs.
                     * @member {coder.agent.v2.ReportBoundaryLogsRequest.$Properties|null|undefined} logs
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryMessage
                     * @instance
                     */
                    BoundaryMessage.prototype.logs = null;

                    /**
                     * BoundaryMessage status.
                     * @member {coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties|null|undefined} status
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryMessage
                     * @instance
                     */
                    BoundaryMessage.prototype.status = null;

                    // OneOf field names bound to virtual getters and setters
                    let $oneOfFields;

                    /**
                     * BoundaryMessage msg.
                     * @member {"logs"|"status"|undefined} msg
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryMessage
                     * @instance
                     */
                    $Object.defineProperty(BoundaryMessage.prototype, "msg", {
                        get: $util.oneOfGetter($oneOfFields = ["logs", "status"]),
                        set: $util.oneOfSetter($oneOfFields)
                    });

                    /**
                     * Creates a new BoundaryMessage instance using the specified properties.
                     * @function create
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryMessage
                     * @static
                     * @param {coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties=} [properties] Properties to set
                     * @returns {coder.boundarylogproxy.codec.v1.BoundaryMessage} BoundaryMessage instance
                     * @type {{
                     *   (properties: coder.boundarylogproxy.codec.v1.BoundaryMessage.$Shape): coder.boundarylogproxy.codec.v1.BoundaryMessage & coder.boundarylogproxy.codec.v1.BoundaryMessage.$Shape;
                     *   (properties?: coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties): coder.boundarylogproxy.codec.v1.BoundaryMessage;
                     * }}
                     */
                    BoundaryMessage.create = function(properties) {
                        return new BoundaryMessage(properties);
                    };

                    /**
                     * Encodes the specified BoundaryMessage message. Does not implicitly {@link coder.boundarylogproxy.codec.v1.BoundaryMessage.verify|verify} messages.
                     * @function encode
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryMessage
                     * @static
                     * @param {coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties} message BoundaryMessage message or plain object to encode
                     * @param {$protobuf.Writer} [writer] Writer to encode to
                     * @returns {$protobuf.Writer} Writer
                     */
                    BoundaryMessage.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.logs != null && $Object.hasOwnProperty.call(message, "logs"))
                            $root.coder.agent.v2.ReportBoundaryLogsRequest.encode(message.logs, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                        if (message.status != null && $Object.hasOwnProperty.call(message, "status"))
                            $root.coder.boundarylogproxy.codec.v1.BoundaryStatus.encode(message.status, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    /**
                     * Decodes a BoundaryMessage message from the specified reader or buffer.
                     * @function decode
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryMessage
                     * @static
                     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                     * @param {number} [length] Message length if known beforehand
                     * @returns {coder.boundarylogproxy.codec.v1.BoundaryMessage & coder.boundarylogproxy.codec.v1.BoundaryMessage.$Shape} BoundaryMessage
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    BoundaryMessage.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.coder.boundarylogproxy.codec.v1.BoundaryMessage();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    message.logs = $root.coder.agent.v2.ReportBoundaryLogsRequest.decode(reader, reader.size(), $undefined, _depth + 1, message.logs);
                                    message.msg = "logs";
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    message.status = $root.coder.boundarylogproxy.codec.v1.BoundaryStatus.decode(reader, reader.size(), $undefined, _depth + 1, message.status);
                                    message.msg = "status";
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", true);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    /**
                     * Verifies a BoundaryMessage message.
                     * @function verify
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryMessage
                     * @static
                     * @param {Object.<string,*>} message Plain object to verify
                     * @returns {string|null} `null` if valid, otherwise the reason why it is not
                     */
                    BoundaryMessage.verify = function (message, _depth) {
                        if (typeof message !== "object" || message === null)
                            return "object expected";
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            return "max depth exceeded";
                        let properties = {};
                        if (message.logs != null && $Object.hasOwnProperty.call(message, "logs")) {
                            properties.msg = 1;
                            {
                                let error = $root.coder.agent.v2.ReportBoundaryLogsRequest.verify(message.logs, _depth + 1);
                                if (error)
                                    return "logs." + error;
                            }
                        }
                        if (message.status != null && $Object.hasOwnProperty.call(message, "status")) {
                            if (properties.msg === 1)
                                return "msg: multiple values";
                            properties.msg = 1;
                            {
                                let error = $root.coder.boundarylogproxy.codec.v1.BoundaryStatus.verify(message.status, _depth + 1);
                                if (error)
                                    return "status." + error;
                            }
                        }
                        return null;
                    };

                    return BoundaryMessage;
                })();

                v1.BoundaryStatus = (function() {

                    /**
                     * Properties of a BoundaryStatus.
                     * @typedef {Object} coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties
                     * @property {number|Long|null} [droppedChannelFull] BoundaryStatus droppedChannelFull
                     * @property {number|Long|null} [droppedBatchFull] BoundaryStatus droppedBatchFull
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */

                    /**
                     * Properties of a BoundaryStatus.
                     * @memberof coder.boundarylogproxy.codec.v1
                     * @interface IBoundaryStatus
                     * @augments coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties
                     * @deprecated Use coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties instead.
                     */

                    /**
                     * Shape of a BoundaryStatus.
                     * @typedef {coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties} coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape
                     */

                    /**
                     * Constructs a new BoundaryStatus.
                     * @memberof coder.boundarylogproxy.codec.v1
                     * @classdesc Represents a BoundaryStatus.
                     * @constructor
                     * @param {coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties=} [properties] Properties to set
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */
                    const BoundaryStatus = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    /**
                     * BoundaryStatus droppedChannelFull.
                     * @member {number|Long} droppedChannelFull
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryStatus
                     * @instance
                     */
                    BoundaryStatus.prototype.droppedChannelFull = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

                    /**
                     * BoundaryStatus droppedBatchFull.
                     * @member {number|Long} droppedBatchFull
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryStatus
                     * @instance
                     */
                    BoundaryStatus.prototype.droppedBatchFull = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

                    /**
                     * Creates a new BoundaryStatus instance using the specified properties.
                     * @function create
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryStatus
                     * @static
                     * @param {coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties=} [properties] Properties to set
                     * @returns {coder.boundarylogproxy.codec.v1.BoundaryStatus} BoundaryStatus instance
                     * @type {{
                     *   (properties: coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape): coder.boundarylogproxy.codec.v1.BoundaryStatus & coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape;
                     *   (properties?: coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties): coder.boundarylogproxy.codec.v1.BoundaryStatus;
                     * }}
                     */
                    BoundaryStatus.create = function(properties) {
                        return new BoundaryStatus(properties);
                    };

                    /**
                     * Encodes the specified BoundaryStatus message. Does not implicitly {@link coder.boundarylogproxy.codec.v1.BoundaryStatus.verify|verify} messages.
                     * @function encode
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryStatus
                     * @static
                     * @param {coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties} message BoundaryStatus message or plain object to encode
                     * @param {$protobuf.Writer} [writer] Writer to encode to
                     * @returns {$protobuf.Writer} Writer
                     */
                    BoundaryStatus.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.droppedChannelFull != null && $Object.hasOwnProperty.call(message, "droppedChannelFull") && (typeof message.droppedChannelFull === "object" ? message.droppedChannelFull.low || message.droppedChannelFull.high : message.droppedChannelFull !== 0))
                            writer.uint32(/* id 1, wireType 0 =*/8).int64(message.droppedChannelFull);
                        if (message.droppedBatchFull != null && $Object.hasOwnProperty.call(message, "droppedBatchFull") && (typeof message.droppedBatchFull === "object" ? message.droppedBatchFull.low || message.droppedBatchFull.high : message.droppedBatchFull !== 0))
                            writer.uint32(/* id 2, wireType 0 =*/16).int64(message.droppedBatchFull);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    /**
                     * Decodes a BoundaryStatus message from the specified reader or buffer.
                     * @function decode
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryStatus
                     * @static
                     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                     * @param {number} [length] Message length if known beforehand
                     * @returns {coder.boundarylogproxy.codec.v1.BoundaryStatus & coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape} BoundaryStatus
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    BoundaryStatus.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.coder.boundarylogproxy.codec.v1.BoundaryStatus();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 0)
                                        break;
                                    if (typeof (value = reader.int64()) === "object" ? value.low || value.high : value !== 0)
                                        message.droppedChannelFull = value;
                                    else
                                        delete message.droppedChannelFull;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 0)
                                        break;
                                    if (typeof (value = reader.int64()) === "object" ? value.low || value.high : value !== 0)
                                        message.droppedBatchFull = value;
                                    else
                                        delete message.droppedBatchFull;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", true);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    /**
                     * Verifies a BoundaryStatus message.
                     * @function verify
                     * @memberof coder.boundarylogproxy.codec.v1.BoundaryStatus
                     * @static
                     * @param {Object.<string,*>} message Plain object to verify
                     * @returns {string|null} `null` if valid, otherwise the reason why it is not
                     */
                    BoundaryStatus.verify = function (message, _depth) {
                        if (typeof message !== "object" || message === null)
                            return "object expected";
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            return "max depth exceeded";
                        if (message.droppedChannelFull != null && $Object.hasOwnProperty.call(message, "droppedChannelFull"))
                            if (!$util.isInteger(message.droppedChannelFull) && !(message.droppedChannelFull && $util.isInteger(message.droppedChannelFull.low) && $util.isInteger(message.droppedChannelFull.high)))
                                return "droppedChannelFull: integer|Long expected";
                        if (message.droppedBatchFull != null && $Object.hasOwnProperty.call(message, "droppedBatchFull"))
                            if (!$util.isInteger(message.droppedBatchFull) && !(message.droppedBatchFull && $util.isInteger(message.droppedBatchFull.low) && $util.isInteger(message.droppedBatchFull.high)))
                                return "droppedBatchFull: integer|Long expected";
                        return null;
                    };

                    return BoundaryStatus;
                })();

                return v1;
            })();

            return codec;
        })();

        return boundarylogproxy;
    })();

    coder.agent = (function() {

        /**
         * Namespace agent.
         * @memberof coder
         * @namespace
         */
        const agent = {};

        agent.v2 = (function() {

            /**
             * Namespace v2.
             * @memberof coder.agent
             * @namespace
             */
            const v2 = {};

            v2.BoundaryLog = (function() {

                /**
                 * Properties of a BoundaryLog.
                 * @typedef {Object} coder.agent.v2.BoundaryLog.$Properties
                 * @property {boolean|null} [allowed] BoundaryLog allowed
                 * @property {google.protobuf.Timestamp.$Properties|null} [time] BoundaryLog time
                 * @property {coder.agent.v2.BoundaryLog.HttpRequest.$Properties|null} [httpRequest] BoundaryLog httpRequest
                 * @property {number|null} [sequenceNumber] BoundaryLog sequenceNumber
                 * @property {"httpRequest"} [resource] BoundaryLog resource
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a BoundaryLog.
                 * @memberof coder.agent.v2
                 * @interface IBoundaryLog
                 * @augments coder.agent.v2.BoundaryLog.$Properties
                 * @deprecated Use coder.agent.v2.BoundaryLog.$Properties instead.
                 */

                /**
                 * Narrowed shape of a BoundaryLog.
                 * @typedef {{
                 *   allowed?: boolean|null;
                 *   time?: google.protobuf.Timestamp.$Shape|null;
                 *   httpRequest?: coder.agent.v2.BoundaryLog.HttpRequest.$Shape|null;
                 *   sequenceNumber?: number|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * } & (
                 *   ({ resource?: undefined; httpRequest?: null }|{ resource?: "httpRequest"; httpRequest: coder.agent.v2.BoundaryLog.HttpRequest.$Shape })
                 * )} coder.agent.v2.BoundaryLog.$Shape
                 */

                /**
                 * Constructs a new BoundaryLog.
                 * @memberof coder.agent.v2
                 * @classdesc Represents a BoundaryLog.
                 * @constructor
                 * @param {coder.agent.v2.BoundaryLog.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const BoundaryLog = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * BoundaryLog allowed.
                 * @member {boolean} allowed
                 * @memberof coder.agent.v2.BoundaryLog
                 * @instance
                 */
                BoundaryLog.prototype.allowed = false;

                /**
                 * BoundaryLog time.
                 * @member {google.protobuf.Timestamp.$Properties|null|undefined} time
                 * @memberof coder.agent.v2.BoundaryLog
                 * @instance
                 */
                BoundaryLog.prototype.time = null;

                /**
                 * BoundaryLog httpRequest.
                 * @member {coder.agent.v2.BoundaryLog.HttpRequest.$Properties|null|undefined} httpRequest
                 * @memberof coder.agent.v2.BoundaryLog
                 * @instance
                 */
                BoundaryLog.prototype.httpRequest = null;

                /**
                 * BoundaryLog sequenceNumber.
                 * @member {number} sequenceNumber
                 * @memberof coder.agent.v2.BoundaryLog
                 * @instance
                 */
                BoundaryLog.prototype.sequenceNumber = 0;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * BoundaryLog resource.
                 * @member {"httpRequest"|undefined} resource
                 * @memberof coder.agent.v2.BoundaryLog
                 * @instance
                 */
                $Object.defineProperty(BoundaryLog.prototype, "resource", {
                    get: $util.oneOfGetter($oneOfFields = ["httpRequest"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Creates a new BoundaryLog instance using the specified properties.
                 * @function create
                 * @memberof coder.agent.v2.BoundaryLog
                 * @static
                 * @param {coder.agent.v2.BoundaryLog.$Properties=} [properties] Properties to set
                 * @returns {coder.agent.v2.BoundaryLog} BoundaryLog instance
                 * @type {{
                 *   (properties: coder.agent.v2.BoundaryLog.$Shape): coder.agent.v2.BoundaryLog & coder.agent.v2.BoundaryLog.$Shape;
                 *   (properties?: coder.agent.v2.BoundaryLog.$Properties): coder.agent.v2.BoundaryLog;
                 * }}
                 */
                BoundaryLog.create = function(properties) {
                    return new BoundaryLog(properties);
                };

                /**
                 * Encodes the specified BoundaryLog message. Does not implicitly {@link coder.agent.v2.BoundaryLog.verify|verify} messages.
                 * @function encode
                 * @memberof coder.agent.v2.BoundaryLog
                 * @static
                 * @param {coder.agent.v2.BoundaryLog.$Properties} message BoundaryLog message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                BoundaryLog.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.allowed != null && $Object.hasOwnProperty.call(message, "allowed") && message.allowed !== false)
                        writer.uint32(/* id 1, wireType 0 =*/8).bool(message.allowed);
                    if (message.time != null && $Object.hasOwnProperty.call(message, "time"))
                        $root.google.protobuf.Timestamp.encode(message.time, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.httpRequest != null && $Object.hasOwnProperty.call(message, "httpRequest"))
                        $root.coder.agent.v2.BoundaryLog.HttpRequest.encode(message.httpRequest, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                    if (message.sequenceNumber != null && $Object.hasOwnProperty.call(message, "sequenceNumber") && message.sequenceNumber !== 0)
                        writer.uint32(/* id 4, wireType 0 =*/32).int32(message.sequenceNumber);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a BoundaryLog message from the specified reader or buffer.
                 * @function decode
                 * @memberof coder.agent.v2.BoundaryLog
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {coder.agent.v2.BoundaryLog & coder.agent.v2.BoundaryLog.$Shape} BoundaryLog
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                BoundaryLog.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.coder.agent.v2.BoundaryLog();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.bool())
                                    message.allowed = value;
                                else
                                    delete message.allowed;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                message.time = $root.google.protobuf.Timestamp.decode(reader, reader.size(), $undefined, _depth + 1, message.time);
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                message.httpRequest = $root.coder.agent.v2.BoundaryLog.HttpRequest.decode(reader, reader.size(), $undefined, _depth + 1, message.httpRequest);
                                message.resource = "httpRequest";
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.sequenceNumber = value;
                                else
                                    delete message.sequenceNumber;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", true);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Verifies a BoundaryLog message.
                 * @function verify
                 * @memberof coder.agent.v2.BoundaryLog
                 * @static
                 * @param {Object.<string,*>} message Plain object to verify
                 * @returns {string|null} `null` if valid, otherwise the reason why it is not
                 */
                BoundaryLog.verify = function (message, _depth) {
                    if (typeof message !== "object" || message === null)
                        return "object expected";
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        return "max depth exceeded";
                    let properties = {};
                    if (message.allowed != null && $Object.hasOwnProperty.call(message, "allowed"))
                        if (typeof message.allowed !== "boolean")
                            return "allowed: boolean expected";
                    if (message.time != null && $Object.hasOwnProperty.call(message, "time")) {
                        let error = $root.google.protobuf.Timestamp.verify(message.time, _depth + 1);
                        if (error)
                            return "time." + error;
                    }
                    if (message.httpRequest != null && $Object.hasOwnProperty.call(message, "httpRequest")) {
                        properties.resource = 1;
                        {
                            let error = $root.coder.agent.v2.BoundaryLog.HttpRequest.verify(message.httpRequest, _depth + 1);
                            if (error)
                                return "httpRequest." + error;
                        }
                    }
                    if (message.sequenceNumber != null && $Object.hasOwnProperty.call(message, "sequenceNumber"))
                        if (!$util.isInteger(message.sequenceNumber))
                            return "sequenceNumber: integer expected";
                    return null;
                };

                BoundaryLog.HttpRequest = (function() {

                    /**
                     * Properties of a HttpRequest.
                     * @typedef {Object} coder.agent.v2.BoundaryLog.HttpRequest.$Properties
                     * @property {string|null} [method] HttpRequest method
                     * @property {string|null} [url] HttpRequest url
                     * @property {string|null} [matchedRule] HttpRequest matchedRule
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */

                    /**
                     * Properties of a HttpRequest.
                     * @memberof coder.agent.v2.BoundaryLog
                     * @interface IHttpRequest
                     * @augments coder.agent.v2.BoundaryLog.HttpRequest.$Properties
                     * @deprecated Use coder.agent.v2.BoundaryLog.HttpRequest.$Properties instead.
                     */

                    /**
                     * Shape of a HttpRequest.
                     * @typedef {coder.agent.v2.BoundaryLog.HttpRequest.$Properties} coder.agent.v2.BoundaryLog.HttpRequest.$Shape
                     */

                    /**
                     * Constructs a new HttpRequest.
                     * @memberof coder.agent.v2.BoundaryLog
                     * @classdesc Represents a HttpRequest.
                     * @constructor
                     * @param {coder.agent.v2.BoundaryLog.HttpRequest.$Properties=} [properties] Properties to set
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */
                    const HttpRequest = function (properties) {
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    /**
                     * HttpRequest method.
                     * @member {string} method
                     * @memberof coder.agent.v2.BoundaryLog.HttpRequest
                     * @instance
                     */
                    HttpRequest.prototype.method = "";

                    /**
                     * HttpRequest url.
                     * @member {string} url
                     * @memberof coder.agent.v2.BoundaryLog.HttpRequest
                     * @instance
                     */
                    HttpRequest.prototype.url = "";

                    /**
                     * HttpRequest matchedRule.
                     * @member {string} matchedRule
                     * @memberof coder.agent.v2.BoundaryLog.HttpRequest
                     * @instance
                     */
                    HttpRequest.prototype.matchedRule = "";

                    /**
                     * Creates a new HttpRequest instance using the specified properties.
                     * @function create
                     * @memberof coder.agent.v2.BoundaryLog.HttpRequest
                     * @static
                     * @param {coder.agent.v2.BoundaryLog.HttpRequest.$Properties=} [properties] Properties to set
                     * @returns {coder.agent.v2.BoundaryLog.HttpRequest} HttpRequest instance
                     * @type {{
                     *   (properties: coder.agent.v2.BoundaryLog.HttpRequest.$Shape): coder.agent.v2.BoundaryLog.HttpRequest & coder.agent.v2.BoundaryLog.HttpRequest.$Shape;
                     *   (properties?: coder.agent.v2.BoundaryLog.HttpRequest.$Properties): coder.agent.v2.BoundaryLog.HttpRequest;
                     * }}
                     */
                    HttpRequest.create = function(properties) {
                        return new HttpRequest(properties);
                    };

                    /**
                     * Encodes the specified HttpRequest message. Does not implicitly {@link coder.agent.v2.BoundaryLog.HttpRequest.verify|verify} messages.
                     * @function encode
                     * @memberof coder.agent.v2.BoundaryLog.HttpRequest
                     * @static
                     * @param {coder.agent.v2.BoundaryLog.HttpRequest.$Properties} message HttpRequest message or plain object to encode
                     * @param {$protobuf.Writer} [writer] Writer to encode to
                     * @returns {$protobuf.Writer} Writer
                     */
                    HttpRequest.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.method != null && $Object.hasOwnProperty.call(message, "method") && message.method !== "")
                            writer.uint32(/* id 1, wireType 2 =*/10).string(message.method);
                        if (message.url != null && $Object.hasOwnProperty.call(message, "url") && message.url !== "")
                            writer.uint32(/* id 2, wireType 2 =*/18).string(message.url);
                        if (message.matchedRule != null && $Object.hasOwnProperty.call(message, "matchedRule") && message.matchedRule !== "")
                            writer.uint32(/* id 3, wireType 2 =*/26).string(message.matchedRule);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    /**
                     * Decodes a HttpRequest message from the specified reader or buffer.
                     * @function decode
                     * @memberof coder.agent.v2.BoundaryLog.HttpRequest
                     * @static
                     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                     * @param {number} [length] Message length if known beforehand
                     * @returns {coder.agent.v2.BoundaryLog.HttpRequest & coder.agent.v2.BoundaryLog.HttpRequest.$Shape} HttpRequest
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    HttpRequest.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.coder.agent.v2.BoundaryLog.HttpRequest();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.method = value;
                                    else
                                        delete message.method;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.url = value;
                                    else
                                        delete message.url;
                                    continue;
                                }
                            case 3: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.matchedRule = value;
                                    else
                                        delete message.matchedRule;
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", true);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    /**
                     * Verifies a HttpRequest message.
                     * @function verify
                     * @memberof coder.agent.v2.BoundaryLog.HttpRequest
                     * @static
                     * @param {Object.<string,*>} message Plain object to verify
                     * @returns {string|null} `null` if valid, otherwise the reason why it is not
                     */
                    HttpRequest.verify = function (message, _depth) {
                        if (typeof message !== "object" || message === null)
                            return "object expected";
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            return "max depth exceeded";
                        if (message.method != null && $Object.hasOwnProperty.call(message, "method"))
                            if (!$util.isString(message.method))
                                return "method: string expected";
                        if (message.url != null && $Object.hasOwnProperty.call(message, "url"))
                            if (!$util.isString(message.url))
                                return "url: string expected";
                        if (message.matchedRule != null && $Object.hasOwnProperty.call(message, "matchedRule"))
                            if (!$util.isString(message.matchedRule))
                                return "matchedRule: string expected";
                        return null;
                    };

                    return HttpRequest;
                })();

                return BoundaryLog;
            })();

            v2.ReportBoundaryLogsRequest = (function() {

                /**
                 * Properties of a ReportBoundaryLogsRequest.
                 * @typedef {Object} coder.agent.v2.ReportBoundaryLogsRequest.$Properties
                 * @property {Array.<coder.agent.v2.BoundaryLog.$Properties>|null} [logs] ReportBoundaryLogsRequest logs
                 * @property {string|null} [sessionId] ReportBoundaryLogsRequest sessionId
                 * @property {string|null} [confinedProcessName] ReportBoundaryLogsRequest confinedProcessName
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a ReportBoundaryLogsRequest.
                 * @memberof coder.agent.v2
                 * @interface IReportBoundaryLogsRequest
                 * @augments coder.agent.v2.ReportBoundaryLogsRequest.$Properties
                 * @deprecated Use coder.agent.v2.ReportBoundaryLogsRequest.$Properties instead.
                 */

                /**
                 * Shape of a ReportBoundaryLogsRequest.
                 * @typedef {{
                 *   logs?: Array.<coder.agent.v2.BoundaryLog.$Shape>|null;
                 *   sessionId?: string|null;
                 *   confinedProcessName?: string|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * }} coder.agent.v2.ReportBoundaryLogsRequest.$Shape
                 */

                /**
                 * Constructs a new ReportBoundaryLogsRequest.
                 * @memberof coder.agent.v2
                 * @classdesc Represents a ReportBoundaryLogsRequest.
                 * @constructor
                 * @param {coder.agent.v2.ReportBoundaryLogsRequest.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const ReportBoundaryLogsRequest = function (properties) {
                    this.logs = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * ReportBoundaryLogsRequest logs.
                 * @member {Array.<coder.agent.v2.BoundaryLog.$Properties>} logs
                 * @memberof coder.agent.v2.ReportBoundaryLogsRequest
                 * @instance
                 */
                ReportBoundaryLogsRequest.prototype.logs = $util.emptyArray;

                /**
                 * ReportBoundaryLogsRequest sessionId.
                 * @member {string} sessionId
                 * @memberof coder.agent.v2.ReportBoundaryLogsRequest
                 * @instance
                 */
                ReportBoundaryLogsRequest.prototype.sessionId = "";

                /**
                 * ReportBoundaryLogsRequest confinedProcessName.
                 * @member {string} confinedProcessName
                 * @memberof coder.agent.v2.ReportBoundaryLogsRequest
                 * @instance
                 */
                ReportBoundaryLogsRequest.prototype.confinedProcessName = "";

                /**
                 * Creates a new ReportBoundaryLogsRequest instance using the specified properties.
                 * @function create
                 * @memberof coder.agent.v2.ReportBoundaryLogsRequest
                 * @static
                 * @param {coder.agent.v2.ReportBoundaryLogsRequest.$Properties=} [properties] Properties to set
                 * @returns {coder.agent.v2.ReportBoundaryLogsRequest} ReportBoundaryLogsRequest instance
                 * @type {{
                 *   (properties: coder.agent.v2.ReportBoundaryLogsRequest.$Shape): coder.agent.v2.ReportBoundaryLogsRequest & coder.agent.v2.ReportBoundaryLogsRequest.$Shape;
                 *   (properties?: coder.agent.v2.ReportBoundaryLogsRequest.$Properties): coder.agent.v2.ReportBoundaryLogsRequest;
                 * }}
                 */
                ReportBoundaryLogsRequest.create = function(properties) {
                    return new ReportBoundaryLogsRequest(properties);
                };

                /**
                 * Encodes the specified ReportBoundaryLogsRequest message. Does not implicitly {@link coder.agent.v2.ReportBoundaryLogsRequest.verify|verify} messages.
                 * @function encode
                 * @memberof coder.agent.v2.ReportBoundaryLogsRequest
                 * @static
                 * @param {coder.agent.v2.ReportBoundaryLogsRequest.$Properties} message ReportBoundaryLogsRequest message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                ReportBoundaryLogsRequest.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.logs != null && message.logs.length)
                        for (let i = 0; i < message.logs.length; ++i)
                            $root.coder.agent.v2.BoundaryLog.encode(message.logs[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.sessionId != null && $Object.hasOwnProperty.call(message, "sessionId") && message.sessionId !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.sessionId);
                    if (message.confinedProcessName != null && $Object.hasOwnProperty.call(message, "confinedProcessName") && message.confinedProcessName !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.confinedProcessName);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a ReportBoundaryLogsRequest message from the specified reader or buffer.
                 * @function decode
                 * @memberof coder.agent.v2.ReportBoundaryLogsRequest
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {coder.agent.v2.ReportBoundaryLogsRequest & coder.agent.v2.ReportBoundaryLogsRequest.$Shape} ReportBoundaryLogsRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                ReportBoundaryLogsRequest.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.coder.agent.v2.ReportBoundaryLogsRequest();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.logs && message.logs.length))
                                    message.logs = [];
                                message.logs.push($root.coder.agent.v2.BoundaryLog.decode(reader, reader.size(), $undefined, _depth + 1));
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.sessionId = value;
                                else
                                    delete message.sessionId;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.confinedProcessName = value;
                                else
                                    delete message.confinedProcessName;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", true);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                /**
                 * Verifies a ReportBoundaryLogsRequest message.
                 * @function verify
                 * @memberof coder.agent.v2.ReportBoundaryLogsRequest
                 * @static
                 * @param {Object.<string,*>} message Plain object to verify
                 * @returns {string|null} `null` if valid, otherwise the reason why it is not
                 */
                ReportBoundaryLogsRequest.verify = function (message, _depth) {
                    if (typeof message !== "object" || message === null)
                        return "object expected";
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        return "max depth exceeded";
                    if (message.logs != null && $Object.hasOwnProperty.call(message, "logs")) {
                        if (!$Array.isArray(message.logs))
                            return "logs: array expected";
                        for (let i = 0; i < message.logs.length; ++i) {
                            let error = $root.coder.agent.v2.BoundaryLog.verify(message.logs[i], _depth + 1);
                            if (error)
                                return "logs." + error;
                        }
                    }
                    if (message.sessionId != null && $Object.hasOwnProperty.call(message, "sessionId"))
                        if (!$util.isString(message.sessionId))
                            return "sessionId: string expected";
                    if (message.confinedProcessName != null && $Object.hasOwnProperty.call(message, "confinedProcessName"))
                        if (!$util.isString(message.confinedProcessName))
                            return "confinedProcessName: string expected";
                    return null;
                };

                return ReportBoundaryLogsRequest;
            })();

            return v2;
        })();

        return agent;
    })();

    return coder;
})();

export const google = $root.google = (() => {

    /**
     * Namespace google.
     * @exports google
     * @namespace
     */
    const google = {};

    google.protobuf = (function() {

        /**
         * Namespace protobuf.
         * @memberof google
         * @namespace
         */
        const protobuf = {};

        protobuf.Timestamp = (function() {

            /**
             * Properties of a Timestamp.
             * @typedef {Object} google.protobuf.Timestamp.$Properties
             * @property {number|Long|null} [seconds] Timestamp seconds
             * @property {number|null} [nanos] Timestamp nanos
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Timestamp.
             * @memberof google.protobuf
             * @interface ITimestamp
             * @augments google.protobuf.Timestamp.$Properties
             * @deprecated Use google.protobuf.Timestamp.$Properties instead.
             */

            /**
             * Shape of a Timestamp.
             * @typedef {google.protobuf.Timestamp.$Properties} google.protobuf.Timestamp.$Shape
             */

            /**
             * Constructs a new Timestamp.
             * @memberof google.protobuf
             * @classdesc Represents a Timestamp.
             * @constructor
             * @param {google.protobuf.Timestamp.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Timestamp = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Timestamp seconds.
             * @member {number|Long} seconds
             * @memberof google.protobuf.Timestamp
             * @instance
             */
            Timestamp.prototype.seconds = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Timestamp nanos.
             * @member {number} nanos
             * @memberof google.protobuf.Timestamp
             * @instance
             */
            Timestamp.prototype.nanos = 0;

            /**
             * Creates a new Timestamp instance using the specified properties.
             * @function create
             * @memberof google.protobuf.Timestamp
             * @static
             * @param {google.protobuf.Timestamp.$Properties=} [properties] Properties to set
             * @returns {google.protobuf.Timestamp} Timestamp instance
             * @type {{
             *   (properties: google.protobuf.Timestamp.$Shape): google.protobuf.Timestamp & google.protobuf.Timestamp.$Shape;
             *   (properties?: google.protobuf.Timestamp.$Properties): google.protobuf.Timestamp;
             * }}
             */
            Timestamp.create = function(properties) {
                return new Timestamp(properties);
            };

            /**
             * Encodes the specified Timestamp message. Does not implicitly {@link google.protobuf.Timestamp.verify|verify} messages.
             * @function encode
             * @memberof google.protobuf.Timestamp
             * @static
             * @param {google.protobuf.Timestamp.$Properties} message Timestamp message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Timestamp.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds") && (typeof message.seconds === "object" ? message.seconds.low || message.seconds.high : message.seconds !== 0))
                    writer.uint32(/* id 1, wireType 0 =*/8).int64(message.seconds);
                if (message.nanos != null && $Object.hasOwnProperty.call(message, "nanos") && message.nanos !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).int32(message.nanos);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Timestamp message from the specified reader or buffer.
             * @function decode
             * @memberof google.protobuf.Timestamp
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {google.protobuf.Timestamp & google.protobuf.Timestamp.$Shape} Timestamp
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Timestamp.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.google.protobuf.Timestamp();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.int64()) === "object" ? value.low || value.high : value !== 0)
                                message.seconds = value;
                            else
                                delete message.seconds;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.nanos = value;
                            else
                                delete message.nanos;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", true);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            /**
             * Verifies a Timestamp message.
             * @function verify
             * @memberof google.protobuf.Timestamp
             * @static
             * @param {Object.<string,*>} message Plain object to verify
             * @returns {string|null} `null` if valid, otherwise the reason why it is not
             */
            Timestamp.verify = function (message, _depth) {
                if (typeof message !== "object" || message === null)
                    return "object expected";
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    return "max depth exceeded";
                if (message.seconds != null && $Object.hasOwnProperty.call(message, "seconds"))
                    if (!$util.isInteger(message.seconds) && !(message.seconds && $util.isInteger(message.seconds.low) && $util.isInteger(message.seconds.high)))
                        return "seconds: integer|Long expected";
                if (message.nanos != null && $Object.hasOwnProperty.call(message, "nanos"))
                    if (!$util.isInteger(message.nanos))
                        return "nanos: integer expected";
                return null;
            };

            return Timestamp;
        })();

        return protobuf;
    })();

    return google;
})();

export {
  $root as default
};
