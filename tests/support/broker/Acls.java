import java.io.BufferedReader;
import java.io.InputStreamReader;

import org.apache.kafka.tools.AclCommand;

/** What kafka-acls does, once for each line of its input: the options of one call. It ends with the first that fails. */
public class Acls {
    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in));
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            AclCommand.main(line.split(" "));
            System.out.println("done");
        }
    }
}
