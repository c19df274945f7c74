// Prints the committed records of a topic as lines of JSON, from the first one on.
//
// java -cp 'libs/*' Read.java BROKERS TOPIC GROUP SCHEMA.avsc SCHEMA_ID

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.LocalDate;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class Read {
    public static void main(String[] arguments) throws IOException {
        Schema schema = new Schema.Parser().parse(new File(arguments[3]));
        int schemaId = Integer.parseInt(arguments[4]);
        ObjectMapper json = new ObjectMapper();
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings(arguments[0], arguments[2]))) {
            consumer.subscribe(List.of(arguments[1]));
            while (true) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    if (record.value() != null) {
                        System.out.println(json.writeValueAsString(fields(decode(record.value(), schema, schemaId))));
                    }
                }
            }
        }
    }

    static Properties settings(String brokers, String group) {
        Properties props = new Properties();
        props.put("bootstrap.servers", brokers);
        props.put("group.id", group);
        props.put("auto.offset.reset", "earliest");
        // The default, read_uncommitted, shows what was rolled back.
        props.put("isolation.level", "read_committed");
        props.put("key.deserializer", ByteArrayDeserializer.class);
        props.put("value.deserializer", ByteArrayDeserializer.class);
        return props;
    }

    static GenericRecord decode(byte[] value, Schema schema, int schemaId) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(value);
        byte magic = buffer.get();
        int found = buffer.getInt();
        if (magic != 0 || found != schemaId) {
            throw new IOException("schema id " + found + " is not " + schemaId + ", which schemas/ids.toml names");
        }
        var decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null);
        return new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
    }

    /** Decimals and dates as text, times as microseconds. */
    static Map<String, Object> fields(GenericRecord record) {
        Map<String, Object> fields = new LinkedHashMap<>();
        for (Schema.Field field : record.getSchema().getFields()) {
            fields.put(field.name(), plain(record.get(field.pos()), field.schema()));
        }
        return fields;
    }

    static Object plain(Object value, Schema schema) {
        if (value == null || value instanceof Boolean) {
            return value;
        }
        if (schema.isUnion()) {
            return plain(value, schema.getTypes().get(1));
        }
        if (schema.getLogicalType() instanceof LogicalTypes.Decimal decimal) {
            ByteBuffer bytes = (ByteBuffer) value;
            byte[] unscaled = new byte[bytes.remaining()];
            bytes.get(unscaled);
            return new BigDecimal(new BigInteger(unscaled), decimal.getScale()).toPlainString();
        }
        if (schema.getLogicalType() instanceof LogicalTypes.Date) {
            return LocalDate.ofEpochDay((Integer) value).toString();
        }
        if (value instanceof GenericRecord record) {
            return fields(record);
        }
        if (value instanceof Collection<?> items) {
            return items.stream().map(item -> plain(item, schema.getElementType())).toList();
        }
        return value instanceof Number ? value : value.toString();
    }
}
