// Prints the committed records of a topic as lines of JSON, from the first one on.
//
// node read.js BROKERS TOPIC GROUP SCHEMA.avsc SCHEMA_ID

const avro = require('avsc')
const fs = require('fs')
const lz4 = require('lz4js')
const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = require('kafkajs')

const [brokers, topic, groupId, schemaFile, schemaId] = process.argv.slice(2)

// accrue compresses with lz4, which kafkajs leaves to a codec.
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => Buffer.from(lz4.compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
})

// Exact, as text: a number of JavaScript would round.
class Decimal extends avro.types.LogicalType {
  constructor(schema, options) {
    super(schema, options)
    this.scale = schema.scale || 0
  }

  _fromValue(bytes) {
    const unscaled = BigInt.asIntN(8 * bytes.length, BigInt('0x' + (bytes.toString('hex') || '0')))
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(this.scale + 1, '0')
    const whole = digits.slice(0, digits.length - this.scale)
    const fraction = this.scale ? '.' + digits.slice(-this.scale) : ''
    return (unscaled < 0n ? '-' : '') + whole + fraction
  }

  // The schema's defaults are decimals, too.
  _toValue(text) {
    const [whole, fraction = ''] = text.split('.')
    const unscaled = BigInt(whole + fraction.padEnd(this.scale, '0'))
    let bytes = 1
    while (BigInt.asIntN(8 * bytes, unscaled) !== unscaled) bytes += 1
    return Buffer.from(BigInt.asUintN(8 * bytes, unscaled).toString(16).padStart(2 * bytes, '0'), 'hex')
  }
}

class Day extends avro.types.LogicalType {
  _fromValue(days) {
    return new Date(days * 86_400_000).toISOString().slice(0, 10)
  }
}

// Revisions and times may exceed what a number of JavaScript holds exactly.
const long = avro.types.LongType.__with({
  fromBuffer: (buffer) => buffer.readBigInt64LE(),
  toBuffer: (value) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(value)
    return buffer
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value) => typeof value === 'bigint',
  compare: (one, other) => (one < other ? -1 : one > other ? 1 : 0),
})

const schema = avro.Type.forSchema(JSON.parse(fs.readFileSync(schemaFile, 'utf8')), {
  logicalTypes: { decimal: Decimal, date: Day },
  registry: { long },
})

function decode(value) {
  if (value.readInt8(0) !== 0 || value.readUInt32BE(1) !== Number(schemaId)) {
    throw new Error(`schema id ${value.readUInt32BE(1)} is not ${schemaId}, which schemas/ids.toml names`)
  }
  return schema.fromBuffer(value.subarray(5))
}

function text(value) {
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return `[${value.map(text).join(',')}]`
  return value !== null && typeof value === 'object' ? line(value) : JSON.stringify(value)
}

function line(record) {
  const field = ([name, value]) => `${JSON.stringify(name)}:${text(value)}`
  return `{${Object.entries(record).map(field).join(',')}}`
}

function stop(error) {
  console.error(error)
  process.exit(1)
}

async function main() {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR })
  // readUncommitted: true would show what was rolled back.
  const consumer = kafka.consumer({ groupId, readUncommitted: false })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      try {
        if (message.value) console.log(line(decode(message.value)))
      } catch (error) {
        stop(error)
      }
    },
  })
}

main().catch(stop)
