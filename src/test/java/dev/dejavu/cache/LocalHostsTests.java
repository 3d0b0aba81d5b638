package dev.dejavu.cache;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class LocalHostsTests {

    @ParameterizedTest
    @ValueSource(strings = { "localhost", "LocalHost", "localhost.", "localhost..", "a.localhost", "127.0.0.1", "127.1",
            "127.8.9.10", "127.0.1", "2130706433", "0x7f000001", "0x7F.1", "0177.0.0.1", "0177.1", "::1", "[::1]",
            "[::1].", "0:0:0:0:0:0:0:1", "0000::0001", "::ffff:127.0.0.1", "::ffff:7f00:1", "0.0.0.0", "0", "::",
            "[::]", "host.docker.internal", "kubernetes.docker.internal", "docker.internal", "ip6-localhost" })
    void theMachineItselfIsLocal(String host) {
        assertThat(LocalHosts.contains(host)).isTrue();
        assertThat(LocalHosts.isOfOneMachine(host)).isTrue();
    }

    /** An open service must not answer to them: their owners say where they lead. */
    @ParameterizedTest
    @ValueSource(strings = { "169.254.1.1", "169.254.257", "0251.0376.1.1", "fe80::1", "[fe80::1%eth0]", "FE80::A",
            "febf::1", "::ffff:169.254.0.1", "localtest.me", "App.LocalTest.Me.", "lvh.me", "a.b.lvh.me",
            "127.0.0.1.nip.io", "app.127.0.0.1.nip.io", "app-127-0-0-1.nip.io", "7f000001.nip.io", "a-7f000001.NIP.io",
            "127-0-0-1.sslip.io.", "1.127.0.0.1.nip.io", "--1.sslip.io", "www.--1.sslip.io", "169-254-1-1.sslip.io",
            "host.containers.internal", "host.lima.internal", "host.minikube.internal", "localhost6",
            "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[::127.0.0.1]" })
    void othersThatOneMachineAloneReachesAreOfOneMachine(String host) {
        assertThat(LocalHosts.isOfOneMachine(host)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = { "localtest.me", "127.0.0.1.nip.io", "169.254.1.1", "lvh.me", "--1.sslip.io" })
    void namesOfOthersThatLeadHereAreNotThisMachine(String host) {
        assertThat(LocalHosts.contains(host)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = { "minikube", "MINIKUBE.", "flyte.minikube", "control-plane.minikube.internal",
            "192.168.49.2", "192.168.12546", "192.168.39.10", "192.168.59.100", "192.168.64.2", "192.168.65.3",
            "172.18.0.2", "::ffff:172.18.0.2", "fc00:f853:ccd:e793::2", "kind-control-plane", "team-control-plane2",
            "k3d-flyte-server-0", "k3d-flyte-serverlb", "10.0.0.1.nip.io", "flyte.10-0-0-1.sslip.io", "nip.io",
            "flyte-admin.flyte.svc", "flyte.flyte.svc.cluster.local", "k8s.orb.local", "flyte.orb.local",
            "api.crc.testing", "flyte.apps-crc.testing", "192.168.106.2", "192.168.130.11", "198.19.249.2",
            "microk8s-vm.mshome.net", "gateway.rancher-desktop.internal" })
    void clustersOfOneMachineAreNoHostsOfOneMachine(String host) {
        assertThat(LocalHosts.isClusterOfOneMachine(host)).isTrue();
        assertThat(LocalHosts.isOfOneMachine(host)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = { "flyte.example.com", "10.0.0.5", "192.168.1.10", "172.16.0.1", "1.2.3.4", "2001:db8::1",
            "localhost.example.com", "mylocalhost", "notlocaltest.me", "my-minikube.example.com", "nip.io.example.com",
            "minikube-team.example.com", "svc.example.com", "127.0.0.1.example.com", "128.0.0.1", "256.0.0.1",
            "127.0.0.0.1", "127..1", "fe80.example.com", "control-plane.example.com", "", "host", "172.180.0.1",
            "host.c.project.internal", "0x7f000001.example.com", "fd00::1" })
    void othersAreNeither(String host) {
        assertThat(LocalHosts.contains(host)).isFalse();
        assertThat(LocalHosts.isOfOneMachine(host)).isFalse();
        assertThat(LocalHosts.isClusterOfOneMachine(host)).isFalse();
    }

}
