// Made by `npm run generate` from proto/. Do not edit.
import * as $protobuf from "protobufjs/minimal.js";
import type Long from "long";

/** Namespace coder. */
export namespace coder {

    /** Namespace boundarylogproxy. */
    namespace boundarylogproxy {

        /** Namespace codec. */
        namespace codec {

            /** Namespace v1. */
            namespace v1 {

                /**
                 * Properties of a BoundaryMessage.
                 * @deprecated Use coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties instead.
                 */
                interface IBoundaryMessage extends coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties {
                }

                /** Represents a BoundaryMessage. */
                class BoundaryMessage {

                    /**
                     * Constructs a new BoundaryMessage.
                     * @param [properties] Properties to set
                     */
                    constructor(properties?: coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];

                    /** BoundaryMessage logs. */
                    logs?: (coder.agent.v2.ReportBoundaryLogsRequest.$Properties|null);

                    /** BoundaryMessage status. */
                    status?: (coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties|null);

                    /** BoundaryMessage msg. */
                    msg?: ("logs"|"status");

                    /**
                     * Creates a new BoundaryMessage instance using the specified properties.
                     * @param [properties] Properties to set
                     * @returns BoundaryMessage instance
                     */
                    static create(properties: coder.boundarylogproxy.codec.v1.BoundaryMessage.$Shape): coder.boundarylogproxy.codec.v1.BoundaryMessage & coder.boundarylogproxy.codec.v1.BoundaryMessage.$Shape;
                    static create(properties?: coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties): coder.boundarylogproxy.codec.v1.BoundaryMessage;

                    /**
                     * Encodes the specified BoundaryMessage message. Does not implicitly {@link coder.boundarylogproxy.codec.v1.BoundaryMessage.verify|verify} messages.
                     * @param message BoundaryMessage message or plain object to encode
                     * @param [writer] Writer to encode to
                     * @returns Writer
                     */
                    static encode(message: coder.boundarylogproxy.codec.v1.BoundaryMessage.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                    /**
                     * Decodes a BoundaryMessage message from the specified reader or buffer.
                     * @param reader Reader or buffer to decode from
                     * @param [length] Message length if known beforehand
                     * @returns {coder.boundarylogproxy.codec.v1.BoundaryMessage & coder.boundarylogproxy.codec.v1.BoundaryMessage.$Shape} BoundaryMessage
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): coder.boundarylogproxy.codec.v1.BoundaryMessage & coder.boundarylogproxy.codec.v1.BoundaryMessage.$Shape;

                    /**
                     * Verifies a BoundaryMessage message.
                     * @param message Plain object to verify
                     * @returns `null` if valid, otherwise the reason why it is not
                     */
                    static verify(message: { [k: string]: any }): (string|null);
                }

                namespace BoundaryMessage {

                    /** Properties of a BoundaryMessage. */
                    interface $Properties {

                        /** BoundaryMessage logs */
                        logs?: (coder.agent.v2.ReportBoundaryLogsRequest.$Properties|null);

                        /** BoundaryMessage status */
                        status?: (coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties|null);

                        /** BoundaryMessage msg */
                        msg?: ("logs"|"status");

                        /** Unknown fields preserved while decoding when enabled */
                        $unknowns?: Uint8Array[];
                    }

                    /** Narrowed shape of a BoundaryMessage. */
                    type $Shape = {
                      logs?: coder.agent.v2.ReportBoundaryLogsRequest.$Shape|null;
                      status?: coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape|null;
                      $unknowns?: Uint8Array[];
                    } & (
                      ({ msg?: undefined; logs?: null; status?: null }|{ msg?: "logs"; logs: coder.agent.v2.ReportBoundaryLogsRequest.$Shape; status?: null }|{ msg?: "status"; logs?: null; status: coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape })
                    );
                }

                /**
                 * Properties of a BoundaryStatus.
                 * @deprecated Use coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties instead.
                 */
                interface IBoundaryStatus extends coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties {
                }

                /** Represents a BoundaryStatus. */
                class BoundaryStatus {

                    /**
                     * Constructs a new BoundaryStatus.
                     * @param [properties] Properties to set
                     */
                    constructor(properties?: coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];

                    /** BoundaryStatus droppedChannelFull. */
                    droppedChannelFull: (number|Long);

                    /** BoundaryStatus droppedBatchFull. */
                    droppedBatchFull: (number|Long);

                    /**
                     * Creates a new BoundaryStatus instance using the specified properties.
                     * @param [properties] Properties to set
                     * @returns BoundaryStatus instance
                     */
                    static create(properties: coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape): coder.boundarylogproxy.codec.v1.BoundaryStatus & coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape;
                    static create(properties?: coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties): coder.boundarylogproxy.codec.v1.BoundaryStatus;

                    /**
                     * Encodes the specified BoundaryStatus message. Does not implicitly {@link coder.boundarylogproxy.codec.v1.BoundaryStatus.verify|verify} messages.
                     * @param message BoundaryStatus message or plain object to encode
                     * @param [writer] Writer to encode to
                     * @returns Writer
                     */
                    static encode(message: coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                    /**
                     * Decodes a BoundaryStatus message from the specified reader or buffer.
                     * @param reader Reader or buffer to decode from
                     * @param [length] Message length if known beforehand
                     * @returns {coder.boundarylogproxy.codec.v1.BoundaryStatus & coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape} BoundaryStatus
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): coder.boundarylogproxy.codec.v1.BoundaryStatus & coder.boundarylogproxy.codec.v1.BoundaryStatus.$Shape;

                    /**
                     * Verifies a BoundaryStatus message.
                     * @param message Plain object to verify
                     * @returns `null` if valid, otherwise the reason why it is not
                     */
                    static verify(message: { [k: string]: any }): (string|null);
                }

                namespace BoundaryStatus {

                    /** Properties of a BoundaryStatus. */
                    interface $Properties {

                        /** BoundaryStatus droppedChannelFull */
                        droppedChannelFull?: (number|Long|null);

                        /** BoundaryStatus droppedBatchFull */
                        droppedBatchFull?: (number|Long|null);

                        /** Unknown fields preserved while decoding when enabled */
                        $unknowns?: Uint8Array[];
                    }

                    /** Shape of a BoundaryStatus. */
                    type $Shape = coder.boundarylogproxy.codec.v1.BoundaryStatus.$Properties;
                }
            }
        }
    }

    /** Namespace agent. */
    namespace agent {

        /** Namespace v2. */
        namespace v2 {

            /**
             * Properties of a BoundaryLog.
             * @deprecated Use coder.agent.v2.BoundaryLog.$Properties instead.
             */
            interface IBoundaryLog extends coder.agent.v2.BoundaryLog.$Properties {
            }

            /** Represents a BoundaryLog. */
            class BoundaryLog {

                /**
                 * Constructs a new BoundaryLog.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: coder.agent.v2.BoundaryLog.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** BoundaryLog allowed. */
                allowed: boolean;

                /** BoundaryLog time. */
                time?: (google.protobuf.Timestamp.$Properties|null);

                /** BoundaryLog httpRequest. */
                httpRequest?: (coder.agent.v2.BoundaryLog.HttpRequest.$Properties|null);

                /** BoundaryLog sequenceNumber. */
                sequenceNumber: number;

                /** BoundaryLog resource. */
                resource?: "httpRequest";

                /**
                 * Creates a new BoundaryLog instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns BoundaryLog instance
                 */
                static create(properties: coder.agent.v2.BoundaryLog.$Shape): coder.agent.v2.BoundaryLog & coder.agent.v2.BoundaryLog.$Shape;
                static create(properties?: coder.agent.v2.BoundaryLog.$Properties): coder.agent.v2.BoundaryLog;

                /**
                 * Encodes the specified BoundaryLog message. Does not implicitly {@link coder.agent.v2.BoundaryLog.verify|verify} messages.
                 * @param message BoundaryLog message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: coder.agent.v2.BoundaryLog.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a BoundaryLog message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {coder.agent.v2.BoundaryLog & coder.agent.v2.BoundaryLog.$Shape} BoundaryLog
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): coder.agent.v2.BoundaryLog & coder.agent.v2.BoundaryLog.$Shape;

                /**
                 * Verifies a BoundaryLog message.
                 * @param message Plain object to verify
                 * @returns `null` if valid, otherwise the reason why it is not
                 */
                static verify(message: { [k: string]: any }): (string|null);
            }

            namespace BoundaryLog {

                /** Properties of a BoundaryLog. */
                interface $Properties {

                    /** BoundaryLog allowed */
                    allowed?: (boolean|null);

                    /** BoundaryLog time */
                    time?: (google.protobuf.Timestamp.$Properties|null);

                    /** BoundaryLog httpRequest */
                    httpRequest?: (coder.agent.v2.BoundaryLog.HttpRequest.$Properties|null);

                    /** BoundaryLog sequenceNumber */
                    sequenceNumber?: (number|null);

                    /** BoundaryLog resource */
                    resource?: "httpRequest";

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a BoundaryLog. */
                type $Shape = {
                  allowed?: boolean|null;
                  time?: google.protobuf.Timestamp.$Shape|null;
                  httpRequest?: coder.agent.v2.BoundaryLog.HttpRequest.$Shape|null;
                  sequenceNumber?: number|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ resource?: undefined; httpRequest?: null }|{ resource?: "httpRequest"; httpRequest: coder.agent.v2.BoundaryLog.HttpRequest.$Shape })
                );

                /**
                 * Properties of a HttpRequest.
                 * @deprecated Use coder.agent.v2.BoundaryLog.HttpRequest.$Properties instead.
                 */
                interface IHttpRequest extends coder.agent.v2.BoundaryLog.HttpRequest.$Properties {
                }

                /** Represents a HttpRequest. */
                class HttpRequest {

                    /**
                     * Constructs a new HttpRequest.
                     * @param [properties] Properties to set
                     */
                    constructor(properties?: coder.agent.v2.BoundaryLog.HttpRequest.$Properties);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];

                    /** HttpRequest method. */
                    method: string;

                    /** HttpRequest url. */
                    url: string;

                    /** HttpRequest matchedRule. */
                    matchedRule: string;

                    /**
                     * Creates a new HttpRequest instance using the specified properties.
                     * @param [properties] Properties to set
                     * @returns HttpRequest instance
                     */
                    static create(properties: coder.agent.v2.BoundaryLog.HttpRequest.$Shape): coder.agent.v2.BoundaryLog.HttpRequest & coder.agent.v2.BoundaryLog.HttpRequest.$Shape;
                    static create(properties?: coder.agent.v2.BoundaryLog.HttpRequest.$Properties): coder.agent.v2.BoundaryLog.HttpRequest;

                    /**
                     * Encodes the specified HttpRequest message. Does not implicitly {@link coder.agent.v2.BoundaryLog.HttpRequest.verify|verify} messages.
                     * @param message HttpRequest message or plain object to encode
                     * @param [writer] Writer to encode to
                     * @returns Writer
                     */
                    static encode(message: coder.agent.v2.BoundaryLog.HttpRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                    /**
                     * Decodes a HttpRequest message from the specified reader or buffer.
                     * @param reader Reader or buffer to decode from
                     * @param [length] Message length if known beforehand
                     * @returns {coder.agent.v2.BoundaryLog.HttpRequest & coder.agent.v2.BoundaryLog.HttpRequest.$Shape} HttpRequest
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): coder.agent.v2.BoundaryLog.HttpRequest & coder.agent.v2.BoundaryLog.HttpRequest.$Shape;

                    /**
                     * Verifies a HttpRequest message.
                     * @param message Plain object to verify
                     * @returns `null` if valid, otherwise the reason why it is not
                     */
                    static verify(message: { [k: string]: any }): (string|null);
                }

                namespace HttpRequest {

                    /** Properties of a HttpRequest. */
                    interface $Properties {

                        /** HttpRequest method */
                        method?: (string|null);

                        /** HttpRequest url */
                        url?: (string|null);

                        /** HttpRequest matchedRule */
                        matchedRule?: (string|null);

                        /** Unknown fields preserved while decoding when enabled */
                        $unknowns?: Uint8Array[];
                    }

                    /** Shape of a HttpRequest. */
                    type $Shape = coder.agent.v2.BoundaryLog.HttpRequest.$Properties;
                }
            }

            /**
             * Properties of a ReportBoundaryLogsRequest.
             * @deprecated Use coder.agent.v2.ReportBoundaryLogsRequest.$Properties instead.
             */
            interface IReportBoundaryLogsRequest extends coder.agent.v2.ReportBoundaryLogsRequest.$Properties {
            }

            /** Represents a ReportBoundaryLogsRequest. */
            class ReportBoundaryLogsRequest {

                /**
                 * Constructs a new ReportBoundaryLogsRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: coder.agent.v2.ReportBoundaryLogsRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ReportBoundaryLogsRequest logs. */
                logs: coder.agent.v2.BoundaryLog.$Properties[];

                /** ReportBoundaryLogsRequest sessionId. */
                sessionId: string;

                /** ReportBoundaryLogsRequest confinedProcessName. */
                confinedProcessName: string;

                /**
                 * Creates a new ReportBoundaryLogsRequest instance using the specified properties.
                 * @param [properties] Properties to set
                 * @returns ReportBoundaryLogsRequest instance
                 */
                static create(properties: coder.agent.v2.ReportBoundaryLogsRequest.$Shape): coder.agent.v2.ReportBoundaryLogsRequest & coder.agent.v2.ReportBoundaryLogsRequest.$Shape;
                static create(properties?: coder.agent.v2.ReportBoundaryLogsRequest.$Properties): coder.agent.v2.ReportBoundaryLogsRequest;

                /**
                 * Encodes the specified ReportBoundaryLogsRequest message. Does not implicitly {@link coder.agent.v2.ReportBoundaryLogsRequest.verify|verify} messages.
                 * @param message ReportBoundaryLogsRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: coder.agent.v2.ReportBoundaryLogsRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a ReportBoundaryLogsRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {coder.agent.v2.ReportBoundaryLogsRequest & coder.agent.v2.ReportBoundaryLogsRequest.$Shape} ReportBoundaryLogsRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): coder.agent.v2.ReportBoundaryLogsRequest & coder.agent.v2.ReportBoundaryLogsRequest.$Shape;

                /**
                 * Verifies a ReportBoundaryLogsRequest message.
                 * @param message Plain object to verify
                 * @returns `null` if valid, otherwise the reason why it is not
                 */
                static verify(message: { [k: string]: any }): (string|null);
            }

            namespace ReportBoundaryLogsRequest {

                /** Properties of a ReportBoundaryLogsRequest. */
                interface $Properties {

                    /** ReportBoundaryLogsRequest logs */
                    logs?: (coder.agent.v2.BoundaryLog.$Properties[]|null);

                    /** ReportBoundaryLogsRequest sessionId */
                    sessionId?: (string|null);

                    /** ReportBoundaryLogsRequest confinedProcessName */
                    confinedProcessName?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ReportBoundaryLogsRequest. */
                type $Shape = {
                  logs?: coder.agent.v2.BoundaryLog.$Shape[]|null;
                  sessionId?: string|null;
                  confinedProcessName?: string|null;
                  $unknowns?: Uint8Array[];
                };
            }
        }
    }
}

/** Namespace google. */
export namespace google {

    /** Namespace protobuf. */
    namespace protobuf {

        /**
         * Properties of a Timestamp.
         * @deprecated Use google.protobuf.Timestamp.$Properties instead.
         */
        interface ITimestamp extends google.protobuf.Timestamp.$Properties {
        }

        /** Represents a Timestamp. */
        class Timestamp {

            /**
             * Constructs a new Timestamp.
             * @param [properties] Properties to set
             */
            constructor(properties?: google.protobuf.Timestamp.$Properties);

            /** Unknown fields preserved while decoding when enabled */
            $unknowns?: Uint8Array[];

            /** Timestamp seconds. */
            seconds: (number|Long);

            /** Timestamp nanos. */
            nanos: number;

            /**
             * Creates a new Timestamp instance using the specified properties.
             * @param [properties] Properties to set
             * @returns Timestamp instance
             */
            static create(properties: google.protobuf.Timestamp.$Shape): google.protobuf.Timestamp & google.protobuf.Timestamp.$Shape;
            static create(properties?: google.protobuf.Timestamp.$Properties): google.protobuf.Timestamp;

            /**
             * Encodes the specified Timestamp message. Does not implicitly {@link google.protobuf.Timestamp.verify|verify} messages.
             * @param message Timestamp message or plain object to encode
             * @param [writer] Writer to encode to
             * @returns Writer
             */
            static encode(message: google.protobuf.Timestamp.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

            /**
             * Decodes a Timestamp message from the specified reader or buffer.
             * @param reader Reader or buffer to decode from
             * @param [length] Message length if known beforehand
             * @returns {google.protobuf.Timestamp & google.protobuf.Timestamp.$Shape} Timestamp
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): google.protobuf.Timestamp & google.protobuf.Timestamp.$Shape;

            /**
             * Verifies a Timestamp message.
             * @param message Plain object to verify
             * @returns `null` if valid, otherwise the reason why it is not
             */
            static verify(message: { [k: string]: any }): (string|null);
        }

        namespace Timestamp {

            /** Properties of a Timestamp. */
            interface $Properties {

                /** Timestamp seconds */
                seconds?: (number|Long|null);

                /** Timestamp nanos */
                nanos?: (number|null);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];
            }

            /** Shape of a Timestamp. */
            type $Shape = google.protobuf.Timestamp.$Properties;
        }
    }
}
